//! What `bench` prints.

use crate::program::Place;

#[test]
fn figures_come_as_a_list_of_workload_value_and_unit() {
    let said = Place::new().run(&["bench", "peak", "--json"]).ended_with(0);
    let figures: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    let figure = &figures[0];
    assert_eq!(figure["workload"], "peak of multiply-adds", "{figures}");
    assert_eq!(figure["unit"], "GFLOP/s", "{figures}");
    assert!(figure["value"].as_f64().is_some_and(|value| value > 0.0), "{figures}");
}

#[test]
fn a_name_that_no_figure_has_is_an_error_and_prints_nothing() {
    let said = Place::new().run(&["bench", "warp", "--json"]).ended_with(1);
    assert!(said.out.is_empty() && said.err.contains("warp"), "{said:?}");
}
