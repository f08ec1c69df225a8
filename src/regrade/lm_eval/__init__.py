"""The dialect of lm-evaluation-harness: tasks, prompts, filters, groups.

===================  ================================================================
:mod:`.templates`    from a document to prompt, reference and choices
:mod:`.functions`    Python functions that recipes name: which may run, and how
:mod:`.inspection`   what a function would do, found by reading it
:mod:`.filter_file`  filter pipelines from a file or from ``NAME=REGEX``
:mod:`.configs`      one task's configuration, whatever it was read from, as a recipe
:mod:`.results`      the configurations that a results file records
:mod:`.task_yaml`    task and group files, with ``include`` and ``!function``
:mod:`.index`        the task files of the installed ``lm-eval`` package, by name
:mod:`.named`        the tasks that a person names, by a file or by a name
:mod:`.groups`       groups of tasks and how their values are made
:mod:`.documents`    the documents of a task
:mod:`.fewshot`      which of them are shown as examples
:mod:`.prompts`      what is asked about a document, equal to the harness's own
:mod:`.generation`   generation settings, and what they are called by OpenAI's API
:mod:`.resolved`     a configuration as a run keeps it
:mod:`.needs`        what scoring a task needs beyond a log
:mod:`.scorable`     whether answers can be scored, before a model is asked
:mod:`.survey`       the package's tasks, counted by what they need
:mod:`.quoted`       functions as results files quote them
:mod:`.prepare`      a task of lm-evaluation-harness, likewise
:mod:`.task_groups`  values of the harness's groups of tasks
:mod:`.adopt`        finding a quoted function in the installed harness
===================  ================================================================
"""
