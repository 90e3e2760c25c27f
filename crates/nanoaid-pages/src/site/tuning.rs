//! The responses of a unit to synthetic stimuli: curves, and their values in words.

use maud::{Markup, html};
use micrograph::paint::number_text;
use nanoaid::interpret::tuning::{
    Curves, DiscKind, DotLattice, GratingTuning, LatticeKind, LayerTuning, Period, Polarity, Preferred,
    Profile, StimulusActivation, UnitTuning,
};
use serde::Serialize;

use crate::chart::{AxisScale, CurveChart, XUnit};
use crate::site::parts::{Cell, Kind, chart, facts, numbers, panel};

/// A named curve.
type Series = (String, Vec<(f64, f64)>);

/// A chart and its id on the page, fit for an address.
type Panel = (&'static str, CurveChart);

/// The responses of a unit as words and charts, for pages of other kinds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TuningView {
    /// Names and values.
    pub facts: Vec<(String, String)>,
    /// Why a value is not given or not reliable.
    pub notes: Vec<String>,
    /// Preferred period of gratings in px, where it prefers one.
    pub period_px: Option<f64>,
    /// Titles and charts, each a complete `<svg>` element.
    pub charts: Vec<(String, String)>,
}

/// The responses of `unit` of `layer` as words and charts.
pub fn tuning_view(layer: &LayerTuning, unit: &UnitTuning) -> TuningView {
    let charts = panels(layer, unit).into_iter().map(|(_, curve)| (curve.title.clone(), curve.svg()));
    TuningView {
        facts: facts_of(layer, unit),
        notes: notes(layer, unit),
        period_px: unit.grating.preferred().and_then(Preferred::period_px),
        charts: charts.collect(),
    }
}

/// The responses of `unit` of `layer`.
pub(super) fn tuning(layer: &LayerTuning, unit: &UnitTuning) -> Markup {
    let preferred = unit.grating.preferred();
    let period_px = preferred.and_then(Preferred::period_px);
    let panels = panels(layer, unit);
    let lengths = period_px.is_some() || panels.iter().any(|(_, curve)| curve.x_unit == XUnit::Px);
    html! {
        h2 id="tuning" { "Responses to synthetic stimuli" }
        p.soft { "Largest activation for gratings, lattices, discs and noise. Dashed across: the response to plain grey; dashed upwards: the largest response." }
        @if lengths {
            form.nm hidden {
                label { "A pixel is " input name="nm" type="number" min="0" step="any" inputmode="decimal" size="8"; " nm wide" }
                span.soft { " lengths are shown in nm for it" }
            }
        }
        @if let Some(period) = period_px {
            p { "Preferred period: " strong data-length=(period) { (number_text(period)) " px" } "." }
        }
        (facts(&facts_of(layer, unit)))
        @for note in notes(layer, unit) { p.caution { (note) } }
        div.grid {
            @for (id, curve) in &panels {
                @let (names, rows) = curve_rows(curve);
                @let names: Vec<&str> = names.iter().map(String::as_str).collect();
                (panel(&format!("tuning-{id}"), &curve.title, Kind::Chart, &chart(curve.svg(), &html! {}, &numbers(&names, &rows))))
            }
        }
    }
}

/// The table below a chart: names of columns, and a row for each x in order.
fn curve_rows(curve: &CurveChart) -> (Vec<String>, Vec<(String, Vec<Cell>)>) {
    let unit = match curve.x_unit {
        XUnit::Px => " (px)",
        XUnit::Degrees => " (°)",
        XUnit::Number => "",
    };
    let mut names = vec![format!("{}{unit}", curve.x_label)];
    names.extend(curve.series.iter().map(|(name, _)| name.clone()));
    let mut xs: Vec<f64> = curve.series.iter().flat_map(|(_, points)| points).map(|point| point.0).collect();
    xs.sort_by(f64::total_cmp);
    xs.dedup();
    let at = |points: &[(f64, f64)], x: f64| {
        Cell::optional(points.iter().find(|point| point.0 == x).map(|point| point.1))
    };
    let rows =
        xs.iter().map(|x| (number_text(*x), curve.series.iter().map(|(_, points)| at(points, *x)).collect()));
    (names, rows.collect())
}

/// Why a value is not given or not reliable.
fn notes(layer: &LayerTuning, unit: &UnitTuning) -> Vec<String> {
    let mut notes = Vec::new();
    if !layer.inside {
        notes.push(format!(
            "The receptive field of {} px does not fit into the stimuli of {} px: the zeros around them influence all responses.",
            layer.field_px, layer.side_px
        ));
    }
    match &unit.grating {
        GratingTuning::Untuned { reason } => notes.push(format!("No preferred grating: {reason}.")),
        GratingTuning::Tuned(preferred) => notes.extend(period_note(preferred)),
    }
    notes
}

fn facts_of(layer: &LayerTuning, unit: &UnitTuning) -> Vec<(String, String)> {
    let mut facts = unit.grating.preferred().map(grating_facts).unwrap_or_default();
    if let Some(polarity) = unit.polarity {
        let word = if polarity >= 0.0 { "bright" } else { "dark" };
        facts.push(("Polarity of discs".to_owned(), format!("{polarity:+.2} ({word})")));
    }
    if let Some(best) = unit.best_lattice {
        facts.push(("Best lattice".to_owned(), lattice_text(&layer.lattices[best])));
    }
    facts
}

fn panels(layer: &LayerTuning, unit: &UnitTuning) -> Vec<Panel> {
    let uniform = f64::from(unit.uniform);
    let preferred = unit.grating.preferred();
    let mut panels = preferred.map_or(Vec::new(), |preferred| grating_panels(layer, preferred, uniform));
    panels.push(("lattice", lattice_panel(layer, unit, uniform)));
    panels.push(("disc", disc_panel(layer, unit, uniform)));
    panels.retain(|(_, curve)| curve.series.iter().any(|(_, points)| points.len() > 1));
    panels
}

fn grating_facts(preferred: &Preferred) -> Vec<(String, String)> {
    let mut facts = Vec::new();
    let mut fact = |name: &str, value: String| facts.push((name.to_owned(), value));
    if let Some(axis) = preferred.axis_deg {
        fact("Preferred axis of lines", format!("{axis:.0}°"));
    }
    fact("Orientation selectivity", format!("{:.2}", preferred.selectivity));
    if let Some(px) = preferred.period_px() {
        fact("Preferred period", format!("{px:.1} px"));
    }
    if let Some(octaves) = preferred.half_width_octaves {
        fact("Half width at half gain", format!("{octaves:.2} octaves"));
    }
    if let Some(profile) = &preferred.profile {
        fact("Best profile", profile_text(profile));
    }
    if let Some(polarity) = preferred.line_polarity {
        let word = if polarity >= 0.0 { "bright lines" } else { "dark lines" };
        fact("Polarity of lines", format!("{polarity:+.2} ({word})"));
    }
    fact("Phase invariance", format!("{:.2}", preferred.phase_invariance));
    if let Some(sd) = preferred.curves.noise.half_sd {
        fact("Noise that halves the response", format!("{sd:.2} of the grey range"));
    }
    facts
}

fn period_note(preferred: &Preferred) -> Option<String> {
    match preferred.period {
        Period::Shown { .. } => None,
        Period::ShortestShown { px } => Some(format!(
            "The shortest period shown, {px:.1} px, drives it most: it may prefer a shorter one."
        )),
        Period::LongestShown { px } => Some(format!(
            "The longest period shown, {px:.0} px, drives it most: it may prefer a longer one, an edge, or shading."
        )),
    }
}

fn grating_panels(layer: &LayerTuning, preferred: &Preferred, uniform: f64) -> Vec<Panel> {
    let Curves { axes, periods, noise, .. } = &preferred.curves;
    let orientation = CurveChart {
        title: "Axis of gratings".to_owned(),
        x_label: "axis of the lines".to_owned(),
        x_unit: XUnit::Degrees,
        x_scale: AxisScale::Linear,
        series: over_phases(&layer.axes_deg, axes),
        plain: Some(uniform),
        preferred: preferred.axis_deg,
    };
    let period = CurveChart {
        title: "Period of gratings".to_owned(),
        x_label: "period".to_owned(),
        x_unit: XUnit::Px,
        x_scale: AxisScale::Log2,
        series: over_phases(&layer.periods_px, periods),
        plain: Some(uniform),
        preferred: preferred.period_px(),
    };
    let points = |values: &[f32]| -> Vec<(f64, f64)> {
        layer.noise_sd.iter().zip(values).map(|(&sd, &value)| (sd, f64::from(value))).collect()
    };
    let noise_curves = CurveChart {
        title: "Its grating under noise".to_owned(),
        x_label: "standard deviation of the noise, of the grey range".to_owned(),
        x_unit: XUnit::Number,
        x_scale: AxisScale::Linear,
        series: vec![
            ("grating with noise".to_owned(), points(&noise.grating)),
            ("noise alone".to_owned(), points(&noise.alone)),
        ],
        plain: Some(uniform),
        preferred: None,
    };
    vec![("orientation", orientation), ("period", period), ("noise", noise_curves)]
}

/// The largest and the mean response over phases.
fn over_phases(places: &[f64], answers: &[StimulusActivation]) -> Vec<Series> {
    let curve = |value: &dyn Fn(&StimulusActivation) -> f32| -> Vec<(f64, f64)> {
        places.iter().zip(answers).map(|(&place, answer)| (place, f64::from(value(answer)))).collect()
    };
    vec![
        ("best phase".to_owned(), curve(&|answer| answer.max)),
        ("mean over phases".to_owned(), curve(&|answer| answer.mean)),
    ]
}

/// Largest responses over the pitch, a curve for each kind of lattice and polarity.
fn lattice_panel(layer: &LayerTuning, unit: &UnitTuning, uniform: f64) -> CurveChart {
    let mut series: Vec<Series> = Vec::new();
    for (kind, answer) in layer.lattices.iter().zip(&unit.lattices) {
        if kind.missing > 0.0 {
            continue;
        }
        let name = format!("{} {} dots", polarity_text(kind.polarity), lattice_name(kind.kind));
        let point = (kind.pitch_px, f64::from(answer.max));
        let known = series.iter().position(|(known, _)| *known == name);
        let curve = known.unwrap_or_else(|| {
            series.push((name, Vec::new()));
            series.len() - 1
        });
        let points = &mut series[curve].1;
        // of several diameters at a pitch the best
        match points.iter_mut().find(|(pitch, _)| *pitch == point.0) {
            Some(found) => found.1 = found.1.max(point.1),
            None => points.push(point),
        }
    }
    let best = unit.best_lattice.map(|best| layer.lattices[best].pitch_px);
    CurveChart {
        title: "Pitch of lattices of dots".to_owned(),
        x_label: "distance of the nearest dots".to_owned(),
        x_unit: XUnit::Px,
        x_scale: AxisScale::Log2,
        series: sorted(series),
        plain: Some(uniform),
        preferred: best,
    }
}

fn disc_panel(layer: &LayerTuning, unit: &UnitTuning, uniform: f64) -> CurveChart {
    let series = Polarity::BOTH.map(|polarity| {
        let own = layer.discs.iter().zip(&unit.discs).filter(|(kind, _)| kind.polarity == polarity);
        let points = own.map(|(DiscKind { radius_px, .. }, answer)| (*radius_px, f64::from(answer.max)));
        (format!("{} disc", polarity_text(polarity)), points.collect())
    });
    CurveChart {
        title: "Radius of discs".to_owned(),
        x_label: "radius".to_owned(),
        x_unit: XUnit::Px,
        x_scale: AxisScale::Log2,
        series: sorted(series.to_vec()),
        plain: Some(uniform),
        preferred: unit.best_disc.map(|best| layer.discs[best].radius_px),
    }
}

fn sorted(mut series: Vec<Series>) -> Vec<Series> {
    for (_, points) in &mut series {
        points.sort_by(|a, b| a.0.total_cmp(&b.0));
    }
    series
}

fn lattice_text(kind: &LatticeKind) -> String {
    let LatticeKind { kind, pitch_px, diameter, missing, polarity } = kind;
    let missing = if *missing > 0.0 { format!(", {:.0} % missing", 100.0 * missing) } else { String::new() };
    format!(
        "{} {} dots, pitch {pitch_px:.1} px, diameter {:.0} % of it{missing}",
        polarity_text(*polarity),
        lattice_name(*kind),
        100.0 * diameter
    )
}

fn lattice_name(kind: DotLattice) -> &'static str {
    match kind {
        DotLattice::Square => "square",
        DotLattice::Hexagonal => "hexagonal",
    }
}

fn polarity_text(polarity: Polarity) -> &'static str {
    match polarity {
        Polarity::Bright => "bright",
        Polarity::Dark => "dark",
    }
}

fn profile_text(profile: &Profile) -> String {
    format!("{} lines over {:.0} % of the period", polarity_text(profile.polarity), 100.0 * profile.duty)
}
