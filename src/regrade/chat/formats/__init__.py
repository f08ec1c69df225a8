"""The chat formats that come with Regrade, one class each, registered as ``chat_format``.

======================  ==============================================================================
:mod:`.openai`          OpenAI messages: passed through
:mod:`.sharegpt`        ShareGPT and its relatives: a list of turns under any of the usual keys
:mod:`.json_text`       a list of turns stored as JSON text
:mod:`.plain_turns`     a list of texts, user and assistant in turn
:mod:`.pairs`           a column for what the user says and one for the answer
:mod:`.alpaca`          instruction, input, output
:mod:`.preference`      chosen and rejected answers
:mod:`.anthropic`       Anthropic messages
:mod:`.gemini`          Gemini contents and parts
:mod:`.typed_values`    messages whose parts are type and value (LLaMA-Factory's second version)
======================  ==============================================================================
"""
