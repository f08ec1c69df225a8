"""Judges: what they are as data, and the samples that they are asked about other models' answers.

- :mod:`judge`: a judge, its prompts, options and criteria
- :mod:`conversation`: what is judged
- :mod:`answer_tables`: answers in files, FastChat's among them
- :mod:`log_answers`: answers in logs of other tools
- :mod:`samples`: from conversations to a judge's samples
- :mod:`verdict_form`: how a verdict is asked for and read
- :mod:`fastchat`: FastChat's published prompts, from the user's copy
- :mod:`autoevals`: judges of the autoevals package
- :mod:`find`: a judge by name
"""
