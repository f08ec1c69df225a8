"""Metrics of structured answers: values of keys, calls of tools, queries, programs.

=======================  ===============================================================================================
:mod:`.key_values`       values of keys
:mod:`.tool_calls`       calls of tools, and :mod:`.reflection` on what is wrong with them
:mod:`.fin_qa`           programs of FinQA, by :mod:`.fin_qa_programs`
:mod:`.sql`              queries, by :mod:`.sql_queries`
:mod:`.fin_qa_programs`  finQA's programs: ``subtract(5829, 5735), divide(#0, 5735)``; what they come to, and whether
                         two are the same
:mod:`.reflection`       whether calls of tools are valid, told from the tools' schemas alone, flaw by flaw
:mod:`.sql_queries`      SQL found in texts, and whether two queries are the same without running them
=======================  ===============================================================================================
"""
