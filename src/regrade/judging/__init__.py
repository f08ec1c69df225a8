"""Judging: judges as data, what they are asked about other models' answers, and what their verdicts come to.

=========================  =============================================================================================
:mod:`.judge`              a judge, its prompts, options and criteria
:mod:`.conversation`       what is judged
:mod:`.answer_tables`      answers in files, FastChat's among them
:mod:`.log_answers`        answers in logs of other tools
:mod:`.samples`            from conversations to a judge's samples
:mod:`.verdict_form`       how a verdict is asked for and read
:mod:`.fastchat`           FastChat's published prompts, from the user's copy
:mod:`.autoevals`          judges of the autoevals package
:mod:`.find`               a judge by name
:mod:`.prepare`            the questions to a judge, likewise
:mod:`.autoevals_model`    judges of the autoevals package, every call of theirs ours
:mod:`.rehearse`           whether a judge's verdicts can be read and scored, found out before it is asked
:mod:`.rulings`            what a judge's run came to, question by question
:mod:`.orders`             a pair judged twice, once in each order
:mod:`.votes`              who preferred what, by item, from files of any kind
:mod:`.agreement`          how far two raters agree
:mod:`.standings`          systems in their order, by comparisons of two at a time
:mod:`.length_controlled`  what a preference would be if both answers were of one length
:mod:`.summary`            how many verdicts there are, and who is ahead
:mod:`.aggregations`       aggregations of judgements, where a judgement without verdict cannot count as wrong: nobody
                           knows who won
:mod:`.length_control`     win rates of AlpacaEval's annotations with the length of the outputs taken out of them
:mod:`.metrics`            metrics of a judge's verdicts, as FastChat aggregates them for MT-Bench
:mod:`.rendering`          a judge's prompt with everything in place
=========================  =============================================================================================
"""
