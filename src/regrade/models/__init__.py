"""Models: who is asked.

=======================  ============================================================================
:mod:`.model`            what a model is: a stream of requests in, of answers out
:mod:`.request`          what makes two requests the same
:mod:`.openai`           servers that speak OpenAI's protocol
:mod:`.batch`            OpenAI's Batch API
:mod:`.litellm`          other providers, through LiteLLM
:mod:`.transformers`     a model in this process, by transformers
:mod:`.vllm`             a model in this process, by vLLM
:mod:`.replay`           answers that exist already
:mod:`.asking`           room, rates, retries and giving up, for whoever is behind a network
:mod:`.limits`           the parts of that
:mod:`.http`             one server's address, and replies within bounds
:mod:`.families`         parameters that well-known families of models refuse
:mod:`.secrets`          keys are refused before they are written down, and struck out of messages
:mod:`.known_servers`    servers that the user has named on this machine
:mod:`.proxies`          by which proxy an address is reached
:mod:`.local`            batches in a thread, for whoever is in this process
:mod:`.openai_replies`   what servers reply, read into answers
:mod:`.llama_cpp`        log-likelihoods from a server that echoes no prompt
:mod:`.prompt_logprobs`  log-likelihoods out of the prompts that servers send back
:mod:`.spelling`         which tokens spell a text, and what follows a place in it
:mod:`.named`            from what a person calls a model to the model
:mod:`.prices`           what answers cost
:mod:`.fastchat`         a judge's words that FastChat kept
:mod:`.openai_in_words`  a server that is asked in words where it refuses tools or structured outputs
=======================  ============================================================================
"""
