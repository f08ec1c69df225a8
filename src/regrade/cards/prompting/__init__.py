"""From a row to what the model sees: tasks, templates, formats, system prompts, serializers, demonstrations.

==============================  ======================================================================================
:mod:`.rendering`               the whole way of a row, as a card's pipeline calls it: start here
:mod:`.task`                    a row's fields by their roles: inputs, references, metrics
:mod:`.template`                what a template is
:mod:`.template_choice`         one template for all rows, or one of several for each
:mod:`.text_templates`          texts in, texts out: one reference or several, JSON, keys and values, yes and no
:mod:`.label_templates`         labels out: several of them, or labelled spans of a text
:mod:`.choice_templates`        multiple choice
:mod:`.dialog_templates`        dialogs written into a prompt, or passed on as chat turns
:mod:`.pairwise_templates`      two responses side by side
:mod:`.arrangement`             the order in which choices are presented: drawn from content, recorded, undone
:mod:`.format_strings`          format strings, parsed once
:mod:`.serializers`             from a value to its text: what serializers are; lists, numbers, JSON
:mod:`.shape_serializers`       dialogs, tables, documents, images, tools, databases
:mod:`.multi_type_serializer`   the one that finds the one for a value's type
:mod:`.system_prompts`          what is said before the task
:mod:`.formats`                 instruction, demonstrations and source as one text
:mod:`.chat_formats`            the same as chat messages
:mod:`.samplers`                which demonstrations an instance gets
:mod:`.demonstrations`          the steps that hand demonstrations out
:mod:`.finalize`                a rendered row as Unitxt's datasets hold it
==============================  ======================================================================================
"""
