//! Ascent: many pictures climb their objectives together, each by its own gradient.
//!
//! A picture depends on its objective, the network, the settings and the seed, and on nothing else:
//! not on the batch it is in, nor on the number of threads. What is kept is the best of the looks
//! at the picture itself, without transforms; at one that is to be tiled, with its own other side
//! around it.

mod optimizer;

use std::ops::ControlFlow;

use micrograph::Plane;
use micrograph::random::Stream;
use rayon::prelude::*;

use super::canvas::Canvas;
use super::config::VisualizeConfig;
use super::diagnosis::Journey;
use super::image::Shape;
use super::objective::Objective;
use super::scorer::Scorer;
use super::transform::{Drawn, Transform};
use super::{Visualization, VisualizeError};
use crate::{Layer, Network};
use optimizer::Optimizer;

/// What an ascent works with.
pub(super) struct Ascent<'a> {
    network: &'a Network,
    config: &'a VisualizeConfig,
    canvas: &'a dyn Canvas,
    shape: Shape,
    /// What draws pictures larger than they were climbed.
    large: Option<(&'a dyn Canvas, Shape)>,
    /// The micrograph that objectives compare with, `[H, W]` of the canvas.
    micrograph: Option<&'a Plane>,
    /// What is around a picture where it is scored by itself: its own other side, where it is to
    /// be tiled, else nothing.
    frame: Drawn,
}

/// Pictures of one objective from one start, made together.
struct Group {
    /// Which of the objectives.
    objective: usize,
    members: Vec<Climber>,
    journey: Journey,
    best: f32,
    /// Coefficients of each member.
    best_coefficients: Vec<Vec<f32>>,
    snapshots: Vec<(usize, Vec<Vec<f32>>)>,
    done: bool,
}

struct Climber {
    coefficients: Vec<f32>,
    optimizer: Optimizer,
}

impl<'a> Ascent<'a> {
    /// With settings, a canvas of `shape`, and a micrograph of that size, all checked.
    pub(super) fn new(
        network: &'a Network,
        config: &'a VisualizeConfig,
        canvas: &'a dyn Canvas,
        shape: Shape,
        large: Option<(&'a dyn Canvas, Shape)>,
        micrograph: Option<&'a Plane>,
    ) -> Self {
        let frames: Vec<Transform> =
            config.transforms.iter().filter(|one| matches!(one, Transform::Wrap { .. })).cloned().collect();
        let frame = Drawn::new(&frames, shape, config.mean_grey, 0.0, &mut Stream::new(0, "frame", 0))
            .expect("a frame leaves all of the image");
        Self { network, config, canvas, shape, large, micrograph, frame }
    }

    /// Climbs `objectives` together; the pictures come in their order. `None` if `on_step` ended it.
    /// `on_snapshot` is given the place of an objective, the step and the pictures of its members.
    pub(super) fn climb(
        &self,
        objectives: &[Objective],
        on_step: &dyn Fn(usize) -> ControlFlow<()>,
        on_snapshot: &dyn Fn(usize, usize, Vec<Vec<Plane>>),
    ) -> Result<Option<Vec<Visualization>>, VisualizeError> {
        let mut groups: Vec<Group> = objectives
            .iter()
            .enumerate()
            .flat_map(|(index, objective)| {
                (0..self.config.restarts).map(move |restart| self.start(index, objective, restart))
            })
            .collect();
        let mut active = self.active(&groups, objectives);
        let mut scorer = Scorer::new(self.network, &active, self.config.members);
        self.keep_snapshots(0, &mut groups, on_snapshot);
        self.look(0, &mut groups, &scorer)?;
        for step in 0..self.config.steps {
            self.step(step, &mut groups, &scorer)?;
            self.keep_snapshots(step + 1, &mut groups, on_snapshot);
            let last = step + 1 == self.config.steps;
            if (step + 1) % self.config.check_every == 0 || last {
                let before = groups.iter().filter(|group| group.done).count();
                self.look(step + 1, &mut groups, &scorer)?;
                let done = groups.iter().filter(|group| group.done).count();
                if done == groups.len() {
                    break;
                }
                if done > before {
                    active = self.active(&groups, objectives);
                    scorer = Scorer::new(self.network, &active, self.config.members);
                }
            }
            if on_step(step + 1).is_break() {
                return Ok(None);
            }
        }
        let mut groups = groups.into_iter().peekable();
        let best = objectives.iter().enumerate().map(|(index, objective)| {
            let mut best = groups.next().expect("each objective has a start");
            while let Some(group) = groups.next_if(|group| group.objective == index) {
                if group.best > best.best {
                    best = group;
                }
            }
            self.result(objective, best)
        });
        Ok(Some(best.collect()))
    }

    /// Keeps the images of the groups that still climb, if they are requested after `step`.
    fn keep_snapshots(
        &self,
        step: usize,
        groups: &mut [Group],
        on_snapshot: &dyn Fn(usize, usize, Vec<Vec<Plane>>),
    ) {
        if !self.config.snapshots.contains(&step) {
            return;
        }
        let images = self.images(groups);
        let climbing = groups.iter_mut().filter(|group| !group.done);
        for (group, images) in climbing.zip(images.chunks(self.config.members)) {
            let cut = |image: &Vec<f32>| super::picture::cut(image, self.shape, self.config.margin_px);
            on_snapshot(group.objective, step, images.iter().map(cut).collect());
            group.snapshots.push((step, images.to_vec()));
        }
    }

    fn start(&self, index: usize, objective: &Objective, restart: usize) -> Group {
        let members = (0..self.config.members).map(|member| {
            let number = (restart * self.config.members + member) as u64;
            let mut stream = Stream::new(self.config.seed, &format!("canvas/{objective}"), number);
            let coefficients = self.canvas.start(&mut stream);
            let optimizer = Optimizer::new(self.config.optimizer, coefficients.len());
            Climber { coefficients, optimizer }
        });
        Group {
            objective: index,
            members: members.collect(),
            journey: Journey::default(),
            best: f32::NEG_INFINITY,
            best_coefficients: Vec::new(),
            snapshots: Vec::new(),
            done: false,
        }
    }

    /// The objectives of the groups that still climb.
    fn active(&self, groups: &[Group], objectives: &[Objective]) -> Vec<Objective> {
        let climbing = groups.iter().filter(|group| !group.done);
        climbing.map(|group| self.climbed(&objectives[group.objective])).collect()
    }

    /// What is climbed for `objective`.
    pub(super) fn climbed(&self, objective: &Objective) -> Objective {
        let objective = if self.config.squared { objective.squared() } else { objective.clone() };
        if self.config.diversity == 0.0 {
            return objective;
        }
        let mut layers = objective.layers();
        if layers.is_empty() {
            // of one channel or one position all pictures have the same
            let distinguishes = |layer: &&Layer| {
                let Shape { height, width, .. } = self.shape;
                layer.n_channels > 1 && layer.map_length(height) > 1 && layer.map_length(width) > 1
            };
            layers.extend(self.network.layers().iter().rfind(distinguishes).map(|layer| layer.name.as_str()));
        }
        let diverse = |objective: Objective, layer: &str| objective.diverse(layer, self.config.diversity);
        layers.into_iter().fold(objective.clone(), diverse)
    }

    /// One step of all groups that still climb.
    fn step(&self, step: usize, groups: &mut [Group], scorer: &Scorer<'_>) -> Result<(), VisualizeError> {
        let images = self.images(groups);
        let redirected = step < self.config.redirected_steps;
        let mut gradients = vec![vec![0.0; self.shape.len()]; images.len()];
        let mut scores = vec![0.0; images.len()];
        let share = 1.0 / self.config.views as f32;
        for view in 0..self.config.views {
            let drawn = self.draw(step, view)?;
            let transformed: Vec<Vec<f32>> = images.par_iter().map(|image| drawn.apply(image)).collect();
            let micrograph = self.micrograph.map(|plane| drawn.apply(plane.values()));
            let (of_view, partials) =
                scorer.gradients(&transformed, drawn.shape(), micrograph.as_deref(), redirected);
            scores.iter_mut().zip(of_view).for_each(|(score, of_view)| *score += share * of_view);
            gradients.par_iter_mut().zip(partials).for_each(|(gradient, partials)| {
                for (sum, partial) in gradient.iter_mut().zip(drawn.gradient(partials)) {
                    *sum += share * partial;
                }
            });
        }
        let mut climbing: Vec<&mut Group> = groups.iter_mut().filter(|group| !group.done).collect();
        let per_group = images.chunks(self.config.members).zip(gradients.chunks_mut(self.config.members));
        let per_group = per_group.zip(scores.chunks(self.config.members));
        climbing.par_iter_mut().zip(per_group.collect::<Vec<_>>()).try_for_each(
            |(group, ((images, gradients), scores))| {
                group.journey.step(gradients, redirected);
                for ((climber, image), gradient) in group.members.iter_mut().zip(images).zip(gradients) {
                    self.subtract_penalties(image, gradient);
                    let partials = self.canvas.gradient(&climber.coefficients, image, gradient);
                    climber.optimizer.step(&mut climber.coefficients, &partials);
                    if climber.coefficients.iter().any(|value| !value.is_finite()) {
                        return Err(VisualizeError::NotFinite { step: step + 1, score: scores[0] });
                    }
                }
                Ok(())
            },
        )
    }

    /// The images of the groups that still climb.
    fn images(&self, groups: &[Group]) -> Vec<Vec<f32>> {
        let climbing: Vec<&Climber> =
            groups.iter().filter(|group| !group.done).flat_map(|group| &group.members).collect();
        climbing.par_iter().map(|climber| self.canvas.image(&climber.coefficients)).collect()
    }

    fn draw(&self, step: usize, view: usize) -> Result<Drawn, VisualizeError> {
        let index = (step * self.config.views + view) as u64;
        let mut stream = Stream::new(self.config.seed, "transform", index);
        let progress = step as f64 / self.config.steps as f64;
        let config = self.config;
        Drawn::new(&config.transforms, self.shape, config.mean_grey, progress, &mut stream)
            .ok_or(VisualizeError::TooSmall { height: self.shape.height, width: self.shape.width })
    }

    /// The one place where something is made smaller.
    fn subtract_penalties(&self, image: &[f32], gradient: &mut [f32]) -> f32 {
        let mut charged = 0.0;
        for penalty in &self.config.penalties {
            let (value, partials) = penalty.charge(image, self.shape, self.config.mean_grey);
            charged += value as f32;
            gradient.iter_mut().zip(partials).for_each(|(sum, partial)| *sum -= partial);
        }
        charged
    }

    /// Scores the pictures themselves, keeps the best, and ends the climb of those that gain nothing.
    fn look(&self, step: usize, groups: &mut [Group], scorer: &Scorer<'_>) -> Result<(), VisualizeError> {
        let members = self.config.members;
        let images = self.images(groups);
        let framed: Vec<Vec<f32>> = images.par_iter().map(|image| self.frame.apply(image)).collect();
        let micrograph = self.micrograph.map(|plane| self.frame.apply(plane.values()));
        let scores = scorer.scores(&framed, self.frame.shape(), micrograph.as_deref());
        let climbing = groups.iter_mut().filter(|group| !group.done);
        for ((group, images), scores) in climbing.zip(images.chunks(members)).zip(scores.chunks(members)) {
            let mut score = scores.iter().sum::<f32>() / members as f32;
            if !score.is_finite() {
                return Err(VisualizeError::NotFinite { step, score });
            }
            for image in images {
                let charged = self.subtract_penalties(image, &mut vec![0.0; image.len()]);
                score -= charged / members as f32;
            }
            let gained = score - group.best;
            if score > group.best {
                group.best = score;
                group.best_coefficients =
                    group.members.iter().map(|member| member.coefficients.clone()).collect();
            }
            group.journey.look(step, score);
            let settled = step > self.config.redirected_steps.max(self.config.check_every)
                && gained <= self.config.stop_gain * score.abs();
            group.done = step == self.config.steps || (step > 0 && self.config.stop_gain > 0.0 && settled);
        }
        Ok(())
    }

    fn result(&self, objective: &Objective, group: Group) -> Visualization {
        let unbounded = self.config.canvas.unbounded();
        let pictures = |images: &[Vec<f32>]| -> Vec<Vec<Plane>> {
            images.iter().map(|image| super::picture::cut(image, self.shape, self.config.margin_px)).collect()
        };
        let images_by = |canvas: &dyn Canvas| -> Vec<Vec<f32>> {
            group.best_coefficients.iter().map(|coefficients| canvas.image(coefficients)).collect()
        };
        let best = images_by(self.canvas);
        let warnings = group.journey.warnings(&best, unbounded);
        Visualization {
            objective: objective.clone(),
            pictures: pictures(&best),
            large: self.large.map(|(canvas, shape)| {
                let margin = self.config.margin_px * self.config.enlarge;
                images_by(canvas).iter().map(|image| super::picture::cut(image, shape, margin)).collect()
            }),
            score: group.best,
            scores: group.journey.into_scores(),
            snapshots: group.snapshots.iter().map(|(step, images)| (*step, pictures(images))).collect(),
            warnings,
        }
    }
}
