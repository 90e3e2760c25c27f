//! What a classifier without information would reach.
//!
//! Two answers: always naming the most frequent class, and this network's own predictions under
//! shuffled labels (a permutation test). Labels are shuffled by group: the groups' labels are laid
//! in a row, groups in random order, and dealt to the micrographs in their own order. Class counts
//! stay as they are, and so do runs of equal labels, which come from groups; for groups of one
//! size this is exactly a permutation of groups.

use micrograph::random::Stream;
use serde::{Deserialize, Serialize};

use super::groups::Groups;
use super::{EvaluateConfig, Scored};

/// What guessing reaches, and whether the accuracy is more than that.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Chance {
    /// The most frequent class of the test micrographs; the first of equal ones.
    pub majority_class: String,
    /// Accuracy of always naming it.
    pub majority_accuracy: f64,
    /// Mean accuracy of the network's predictions under shuffled labels.
    pub shuffled_accuracy: f64,
    /// Share of the shuffles, the true labels counted as one of them, that reach the network's
    /// accuracy. Small: chance hardly reaches it. At least 1 / (`n_shuffles` + 1).
    pub p_value: f64,
    /// Shuffles that were made.
    pub n_shuffles: usize,
}

impl Chance {
    pub(super) fn of(
        classes: &[String],
        scored: &[Scored],
        groups: &Groups,
        config: &EvaluateConfig,
    ) -> Self {
        let order: Vec<usize> = groups.order().collect();
        let n_right = |labels: &mut dyn Iterator<Item = usize>| {
            order.iter().zip(labels).filter(|(index, label)| scored[**index].predicted() == *label).count()
        };
        let reached = n_right(&mut order.iter().map(|&index| scored[index].category));
        let shuffled: Vec<usize> = (0..config.n_bootstrap as u64)
            .map(|index| {
                let mut stream = Stream::new(config.seed, "judge: shuffled labels", index);
                n_right(&mut groups.shuffled(&mut stream).map(|index| scored[index].category))
            })
            .collect();
        let n_as_good = shuffled.iter().filter(|&&right| right >= reached).count();
        let n = scored.len() as f64;
        let mut counts = vec![0; classes.len()];
        scored.iter().for_each(|image| counts[image.category] += 1);
        let majority = (1..counts.len()).fold(0, |best, c| if counts[c] > counts[best] { c } else { best });
        Self {
            majority_class: classes[majority].clone(),
            majority_accuracy: counts[majority] as f64 / n,
            shuffled_accuracy: shuffled.iter().sum::<usize>() as f64 / shuffled.len() as f64 / n,
            p_value: (n_as_good + 1) as f64 / (shuffled.len() + 1) as f64,
            n_shuffles: shuffled.len(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scored(category: usize, predicted: usize, index: usize, group: usize) -> Scored {
        let mut logits = vec![0.0; 2];
        logits[predicted] = 1.0;
        Scored { file: format!("{index:03}"), group: format!("{group:03}"), category, logits }
    }

    fn chance(scored: &[Scored]) -> Chance {
        let config = EvaluateConfig { n_bootstrap: 20_000, ..EvaluateConfig::default() };
        Chance::of(&["a".to_owned(), "b".to_owned()], scored, &Groups::of(scored), &config)
    }

    #[test]
    fn p_values_of_single_micrographs_are_those_of_fishers_exact_test() {
        // with class counts kept, accuracy grows with the upper left count, so the p-value is that of
        // scipy.stats.fisher_exact([[6, 2], [3, 9]], alternative="greater")
        let table = [(0, 0, 6), (0, 1, 2), (1, 0, 3), (1, 1, 9)];
        let pairs = table.iter().flat_map(|&(label, said, n)| std::iter::repeat_n((label, said), n));
        let scored: Vec<Scored> =
            pairs.enumerate().map(|(index, (label, said))| scored(label, said, index, index)).collect();
        let chance = chance(&scored);
        assert!((chance.p_value - 0.039_890).abs() < 0.005, "{chance:?}");
        // Σ (class count · prediction count) / n² = (8·9 + 12·11) / 400
        assert!((chance.shuffled_accuracy - 0.51).abs() < 0.003, "{chance:?}");
        assert_eq!((chance.majority_class.as_str(), chance.majority_accuracy), ("b", 0.6));
    }

    #[test]
    fn copies_of_a_few_specimens_prove_no_more_than_the_specimens() {
        // 4 groups of 10 copies, all right: 4!/(2!·2!) = 6 orders of the groups, one of them right
        let copies: Vec<Scored> = (0..40).map(|i| scored(i / 10 % 2, i / 10 % 2, i, i / 10)).collect();
        assert!((chance(&copies).p_value - 1.0 / 6.0).abs() < 0.01, "{:?}", chance(&copies));
        let alone: Vec<Scored> = (0..40).map(|i| scored(i / 10 % 2, i / 10 % 2, i, i)).collect();
        assert!(chance(&alone).p_value < 1e-4, "{:?}", chance(&alone));
    }
}
