"""Statistics: how sure a score is, and whether two scores differ. Import from the module that has the subject.

=========== =====================================================================================================
module      subject
=========== =====================================================================================================
harness     standard errors in closed form, to the bit as lm-evaluation-harness computes them (no numpy)
bootstrap   resampling: lm-evaluation-harness's own draws, and ours; replicates of statistics that are sums
proportion  intervals in closed form: Wilson's for a proportion, the normal one (no numpy)
student     Student's t distribution, for intervals and p-values of few samples or clusters (no numpy)
intervals   the BCa bootstrap interval of any statistic
clustered   errors and resampling when samples come in groups (one passage, many questions)
paired      two systems on the same samples: difference, paired error, paired bootstrap, inside the noise or not
sign_tests  the same question by exact tests: McNemar's, sign flips
multiple    many tests at once: Holm's correction (no numpy)
repeats     several answers per sample: pass@k, pass^k, maj@k, spread over repeats, parts of the variance
agreement   two or more raters: confusion matrix, raw agreement, Cohen's kappa, Krippendorff's alpha
correlation Pearson's, Spearman's and Kendall's correlations with their p-values; ranks
power       how many samples a difference needs, and which difference a number of samples can show
=========== =====================================================================================================

This page imports nothing, so the modules without numpy cost none, and no module imports scipy. All
functions are pure; what is drawn at random is drawn from a seed in the arguments. Levels are confidence levels: 0.95,
not 0.05.
"""
