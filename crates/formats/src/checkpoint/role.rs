//! What a part of a checkpoint is for, told by what it holds first and by its key second.

use super::tree::Node;

/// What a part is for. The order is that in which parts are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Role {
    Model,
    Ema,
    Optimizer,
    Scheduler,
    Scaler,
    Rng,
    Loader,
    Progress,
    Callbacks,
    Hyperparameters,
    Versions,
    State,
    Constants,
}

impl Role {
    const ALL: [Self; 13] = [
        Self::Model,
        Self::Ema,
        Self::Optimizer,
        Self::Scheduler,
        Self::Scaler,
        Self::Rng,
        Self::Loader,
        Self::Progress,
        Self::Callbacks,
        Self::Hyperparameters,
        Self::Versions,
        Self::State,
        Self::Constants,
    ];

    /// The word as written in documents.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Model => crate::tensors::MODEL,
            Self::Ema => "ema",
            Self::Optimizer => "optimizer",
            Self::Scheduler => "scheduler",
            Self::Scaler => "scaler",
            Self::Rng => "rng",
            Self::Loader => "loader",
            Self::Progress => "progress",
            Self::Callbacks => "callbacks",
            Self::Hyperparameters => "hyperparameters",
            Self::Versions => "versions",
            Self::State => "state",
            Self::Constants => "constants",
        }
    }

    /// Where a part of this name is shown among others.
    pub(crate) fn order(name: &str) -> usize {
        let base = name.split('.').next().unwrap_or(name);
        Self::ALL.iter().position(|role| role.as_str() == base).unwrap_or(Self::ALL.len())
    }

    /// Whether each value of this role is a part of its own; the others are collected in one.
    pub(crate) const fn stands_alone(self) -> bool {
        matches!(self, Self::Model | Self::Ema | Self::Optimizer | Self::Scheduler | Self::Scaler)
    }

    /// Whether a key is one under which models are saved.
    pub(crate) fn names_model(key: &str) -> bool {
        MODEL_KEYS.contains(&key) || MAYBE_MODEL_KEYS.contains(&key)
    }

    /// The role of a value by what it holds; `None` where that tells nothing.
    pub(crate) fn of_content(node: &Node) -> Option<Self> {
        let has = |key: &str| node.get(key).is_some();
        let any = |keys: &[&str]| keys.iter().any(|key| has(key));
        if has("param_groups") && has("state") {
            return Some(Self::Optimizer);
        }
        if has("last_epoch") && any(&["base_lrs", "_step_count", "_last_lr"]) {
            return Some(Self::Scheduler);
        }
        if has("scale") && any(&["growth_factor", "_growth_tracker", "growth_interval"]) {
            return Some(Self::Scaler);
        }
        let is_rng = has("torch_manual_seed")
            || has("random_state") && has("numpy_random_seed")
            || has("python") && any(&["numpy", "cpu", "torch"])
            || has("cpu") && has("cuda");
        is_rng.then_some(Self::Rng)
    }

    /// The role of a named value: by what it holds, else by its key where the value fits what the key says.
    pub(crate) fn of(key: &str, node: &Node) -> Option<Self> {
        if let Some(role) = Self::of_content(node) {
            return Some(role);
        }
        let role = Self::of_key(key)?;
        let is_nothing = matches!(node, Node::Scalar(serde_json::Value::Null));
        let has_tensors = node.has_tensors();
        // A dotted key with a tensor is the name of a weight, whatever words are in it.
        let is_weight = key.contains('.') && node.is_tensor();
        let fits = match role {
            _ if is_nothing || is_weight => false,
            Self::Ema => has_tensors,
            // Lightning has a list of them.
            Self::Optimizer | Self::Scheduler | Self::Scaler => {
                let is_state = |node: &Node| !node.entries().is_empty();
                has_tensors || is_state(node) || node.children().any(|(_, child)| is_state(child))
            }
            Self::Progress | Self::Versions => !has_tensors,
            _ => true,
        };
        fits.then_some(role)
    }

    /// The role of a value by its key; `None` for a key that tells nothing.
    pub(crate) fn of_key(key: &str) -> Option<Self> {
        let key = key.to_ascii_lowercase();
        let has = |words: &[&str]| words.iter().any(|word| key.contains(word));
        let is = |words: &[&str]| words.contains(&key.as_str());
        Some(if key.split(['_', '.', '-']).any(|word| word == "ema" || word == "swa") || has(&["averaged"]) {
            Self::Ema
        } else if has(&["optim"]) || is(&["opt_state"]) {
            Self::Optimizer
        } else if has(&["scheduler"]) || key.starts_with("sched") || key.starts_with("lr_sched") {
            Self::Scheduler
        } else if has(&["scaler", "mixedprecision", "amp_scaling"]) || is(&["amp", "loss_scale"]) {
            Self::Scaler
        } else if has(&["rng", "random_state", "random_seed", "manual_seed", "generator_state"]) {
            Self::Rng
        } else if has(&["sampler", "dataloader", "data_loader", "dl_state", "data_state", "datamodule_state"])
            || is(&["loader", "train_loader"])
        {
            Self::Loader
        } else if has(&["version"]) {
            Self::Versions
        } else if has(&["callback"]) {
            Self::Callbacks
        } else if has(&["hparams", "hyper_param", "hyperparam", "config"])
            || is(&["args", "cfg", "train_args", "train_opts", "options"])
        {
            Self::Hyperparameters
        } else if has(&["epoch", "step", "iteration", "best_", "loss", "metric"])
            || is(&["loops", "iter", "trainer_state", "date", "time"])
        {
            Self::Progress
        } else {
            return None;
        })
    }
}

/// Keys under which models are saved, the most telling first.
pub(crate) const MODEL_KEYS: &[&str] = &["state_dict", "model_state_dict", "model_state", "model"];

/// Keys under which a model may be saved, if nothing beside it could be one too.
pub(crate) const MAYBE_MODEL_KEYS: &[&str] =
    &["module", "net", "network", "network_weights", "params", "weights"];
