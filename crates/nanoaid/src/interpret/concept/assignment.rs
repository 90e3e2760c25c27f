//! Assignment: which of two lists belong together, one to one, so that the sum of their similarities is largest (Kuhn 1955; Munkres
//! 1957), in O(n³).

/// For each row of `similarities` its column, no column twice.
///
/// # Panics
/// If rows are shorter than there are rows.
pub(super) fn assignment(similarities: &[Vec<f64>]) -> Vec<usize> {
    let n = similarities.len();
    let m = similarities.first().map_or(0, Vec::len);
    assert!(m >= n, "a column for each row");
    // rows and columns from 1; what belongs to column 0 is the row that looks for one
    let cost = |row: usize, column: usize| -similarities[row - 1][column - 1];
    let (mut of_rows, mut of_columns) = (vec![0.0; n + 1], vec![0.0; m + 1]);
    let mut row_of = vec![0_usize; m + 1];
    for row in 1..=n {
        row_of[0] = row;
        let (mut least, mut before) = (vec![f64::INFINITY; m + 1], vec![0_usize; m + 1]);
        let mut seen = vec![false; m + 1];
        let mut at = 0;
        while row_of[at] != 0 {
            seen[at] = true;
            let (own, mut step, mut next) = (row_of[at], f64::INFINITY, 0);
            for column in (1..=m).filter(|&column| !seen[column]) {
                let reduced = cost(own, column) - of_rows[own] - of_columns[column];
                if reduced < least[column] {
                    (least[column], before[column]) = (reduced, at);
                }
                if least[column] < step {
                    (step, next) = (least[column], column);
                }
            }
            for column in 0..=m {
                if seen[column] {
                    of_rows[row_of[column]] += step;
                    of_columns[column] -= step;
                } else {
                    least[column] -= step;
                }
            }
            at = next;
        }
        while at != 0 {
            row_of[at] = row_of[before[at]];
            at = before[at];
        }
    }
    let mut columns = vec![0; n];
    (1..=m).filter(|&column| row_of[column] != 0).for_each(|column| columns[row_of[column] - 1] = column - 1);
    columns
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sum_is_the_largest_of_all_ways() {
        let mut stream = micrograph::random::Stream::new(3, "assignment", 0);
        for n in 1..=5 {
            let table: Vec<Vec<f64>> = (0..n).map(|_| (0..n).map(|_| stream.normal()).collect()).collect();
            let sum = |columns: &[usize]| {
                columns.iter().enumerate().map(|(row, &column)| table[row][column]).sum::<f64>()
            };
            let best = orders(n).iter().map(|order| sum(order)).fold(f64::NEG_INFINITY, f64::max);
            let found = assignment(&table);
            let mut columns = found.clone();
            columns.sort_unstable();
            assert_eq!(columns, (0..n).collect::<Vec<_>>(), "each once");
            assert!((sum(&found) - best).abs() < 1e-12, "{} of {best}", sum(&found));
        }
        assert!(assignment(&[]).is_empty());
    }

    /// All orders of `0 .. n`.
    fn orders(n: usize) -> Vec<Vec<usize>> {
        if n == 0 {
            return vec![Vec::new()];
        }
        let insert = |order: Vec<usize>| {
            (0..n).map(move |place| {
                let mut longer = order.clone();
                longer.insert(place, n - 1);
                longer
            })
        };
        orders(n - 1).into_iter().flat_map(insert).collect()
    }
}
