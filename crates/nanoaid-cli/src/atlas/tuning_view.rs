//! What synthetic stimuli tell of a unit, as curves and words for its page.

use nanoaid::interpret::tuning::{
    Curves, DiscKind, DotLattice, GratingTuning, LatticeKind, LayerTuning, Period, Polarity, Preferred,
    Profile, StimulusActivation, UnitTuning,
};

use nanoaid_pages::site::model::{CurvePanel, TuningView, XUnit};

/// A named curve.
type Series = (String, Vec<(f64, f64)>);

/// The tuning of `unit` of `layer`.
pub(crate) fn tuning_view(layer: &LayerTuning, unit: &UnitTuning) -> TuningView {
    let uniform = f64::from(unit.uniform);
    let mut view = TuningView::default();
    if !layer.inside {
        view.notes.push(format!(
            "The receptive field of {} px does not fit into the pictures of {} px: the zeros around them have a part in all answers.",
            layer.field_px, layer.side_px
        ));
    }
    match &unit.grating {
        GratingTuning::Untuned { reason } => view.notes.push(format!("No preferred grating: {reason}.")),
        GratingTuning::Tuned(preferred) => {
            view.period_px = preferred.period_px();
            view.facts = facts(preferred);
            view.notes.extend(period_note(preferred));
            view.curves.extend(grating_panels(layer, preferred, uniform));
        }
    }
    if let Some(polarity) = unit.polarity {
        let word = if polarity >= 0.0 { "bright" } else { "dark" };
        view.facts.push(("Polarity of discs".to_owned(), format!("{polarity:+.2} ({word})")));
    }
    if let Some(best) = unit.best_lattice {
        view.facts.push(("Best lattice".to_owned(), lattice_text(&layer.lattices[best])));
    }
    view.curves.push(lattice_panel(layer, unit, uniform));
    view.curves.push(disc_panel(layer, unit, uniform));
    view.curves.retain(|panel| panel.series.iter().any(|(_, points)| points.len() > 1));
    view
}

fn facts(preferred: &Preferred) -> Vec<(String, String)> {
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
        fact("Noise that halves the answer", format!("{sd:.2} of the grey range"));
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

fn grating_panels(layer: &LayerTuning, preferred: &Preferred, uniform: f64) -> Vec<CurvePanel> {
    let Curves { axes, periods, noise, .. } = &preferred.curves;
    let orientation = CurvePanel {
        id: "orientation".to_owned(),
        title: "Axis of gratings".to_owned(),
        x_label: "axis of the lines".to_owned(),
        x_unit: XUnit::Degrees,
        log2: false,
        series: answers(&layer.axes_deg, axes),
        plain: Some(uniform),
        preferred: preferred.axis_deg,
    };
    let period = CurvePanel {
        id: "period".to_owned(),
        title: "Period of gratings".to_owned(),
        x_label: "period".to_owned(),
        x_unit: XUnit::Px,
        log2: true,
        series: answers(&layer.periods_px, periods),
        plain: Some(uniform),
        preferred: preferred.period_px(),
    };
    let points = |values: &[f32]| -> Vec<(f64, f64)> {
        layer.noise_sd.iter().zip(values).map(|(&sd, &value)| (sd, f64::from(value))).collect()
    };
    let dose = CurvePanel {
        id: "noise".to_owned(),
        title: "Its grating under noise".to_owned(),
        x_label: "standard deviation of the noise, of the grey range".to_owned(),
        x_unit: XUnit::Number,
        log2: false,
        series: vec![
            ("grating with noise".to_owned(), points(&noise.grating)),
            ("noise alone".to_owned(), points(&noise.alone)),
        ],
        plain: Some(uniform),
        preferred: None,
    };
    vec![orientation, period, dose]
}

/// The largest and the mean answer over phases.
fn answers(places: &[f64], answers: &[StimulusActivation]) -> Vec<Series> {
    let curve = |value: &dyn Fn(&StimulusActivation) -> f32| -> Vec<(f64, f64)> {
        places.iter().zip(answers).map(|(&place, answer)| (place, f64::from(value(answer)))).collect()
    };
    vec![
        ("best phase".to_owned(), curve(&|answer| answer.max)),
        ("mean over phases".to_owned(), curve(&|answer| answer.mean)),
    ]
}

/// Largest answers over the pitch, a curve for each kind of lattice and polarity.
fn lattice_panel(layer: &LayerTuning, unit: &UnitTuning, uniform: f64) -> CurvePanel {
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
    CurvePanel {
        id: "lattice".to_owned(),
        title: "Pitch of lattices of dots".to_owned(),
        x_label: "distance of the nearest dots".to_owned(),
        x_unit: XUnit::Px,
        log2: true,
        series: sorted(series),
        plain: Some(uniform),
        preferred: best,
    }
}

fn disc_panel(layer: &LayerTuning, unit: &UnitTuning, uniform: f64) -> CurvePanel {
    let series = Polarity::BOTH.map(|polarity| {
        let own = layer.discs.iter().zip(&unit.discs).filter(|(kind, _)| kind.polarity == polarity);
        let points = own.map(|(DiscKind { radius_px, .. }, answer)| (*radius_px, f64::from(answer.max)));
        (format!("{} disc", polarity_text(polarity)), points.collect())
    });
    CurvePanel {
        id: "disc".to_owned(),
        title: "Radius of discs".to_owned(),
        x_label: "radius".to_owned(),
        x_unit: XUnit::Px,
        log2: true,
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
