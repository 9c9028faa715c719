//! Which files of a folder are what, by the names that trainers give them.

use crate::checkpoint::Role;

/// A file of a checkpoint besides the weights.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Component {
    /// POSIX path below the folder.
    pub(super) name: String,
    /// What it should hold.
    pub(super) role: Role,
}

/// Where the weights are.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Weights {
    /// In one file.
    Whole(String),
    /// In files that this index names.
    Indexed(String),
}

/// The weights of a folder, found in the order in which transformers looks for them.
pub(super) fn weights(names: &[&str]) -> Option<Weights> {
    let found = |name: &&str| names.contains(name);
    let whole = ["model.safetensors", "adapter_model.safetensors", "diffusion_pytorch_model.safetensors"];
    let indexed = ["model.safetensors.index.json", "diffusion_pytorch_model.safetensors.index.json"];
    let pickled = ["pytorch_model.bin", "adapter_model.bin"];
    if let Some(name) = whole.iter().find(|name| found(name)) {
        return Some(Weights::Whole((*name).to_owned()));
    }
    if let Some(name) = indexed.iter().find(|name| found(name)) {
        return Some(Weights::Indexed((*name).to_owned()));
    }
    if let Some(name) = pickled.iter().find(|name| found(name)) {
        return Some(Weights::Whole((*name).to_owned()));
    }
    // Other stems, such as those of a variant: `model.fp16.safetensors.index.json`.
    let top = names.iter().filter(|name| !name.contains('/'));
    let suffixes = [".safetensors.index.json", ".bin.index.json"];
    let mut others = top.filter(|name| suffixes.iter().any(|suffix| name.ends_with(suffix)));
    others.next().map(|name| Weights::Indexed((*name).to_owned()))
}

/// The other files that hold training state, in the order of the parts.
pub(super) fn of(names: &[&str]) -> Vec<Component> {
    let mut components: Vec<Component> = names
        .iter()
        .filter_map(|name| role(name).map(|role| Component { name: (*name).to_owned(), role }))
        .collect();
    components.sort_by(|a, b| (a.role, &a.name).cmp(&(b.role, &b.name)));
    components
}

/// What a file should hold by its name; `None` for files that are no part of the training state.
fn role(name: &str) -> Option<Role> {
    if let Some((folder, ".metadata")) = name.rsplit_once('/') {
        // Sharded states: Accelerate and the Trainer give each a folder.
        return match folder {
            folder if folder.starts_with("pytorch_model_fsdp") => Some(Role::Model),
            folder if folder.starts_with("optimizer") => Some(Role::Optimizer),
            _ => None,
        };
    }
    let (stem, extension) = name.rsplit_once('.')?;
    let is = |word: &str, extensions: &[&str]| {
        let rest = stem.strip_prefix(word);
        // A number tells several of a kind apart: `optimizer_1.bin`, `rng_state_0.pth`.
        let numbered = rest.is_some_and(|rest| {
            rest.is_empty()
                || rest.strip_prefix('_').is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit()))
        });
        numbered && extensions.contains(&extension)
    };
    if is("optimizer", &["pt", "bin"]) {
        Some(Role::Optimizer)
    } else if is("scheduler", &["pt", "bin"]) {
        Some(Role::Scheduler)
    } else if is("scaler", &["pt"]) {
        Some(Role::Scaler)
    } else if is("rng_state", &["pth"]) || is("random_states", &["pkl"]) {
        Some(Role::Rng)
    } else if is("sampler", &["bin"]) || is("dl_state_dict", &["bin"]) {
        Some(Role::Loader)
    } else if is("custom_checkpoint", &["pkl"]) {
        Some(Role::State)
    } else if is("training_args", &["bin"]) {
        Some(Role::Hyperparameters)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_what_a_file_holds() {
        assert_eq!(role("optimizer.pt"), Some(Role::Optimizer));
        assert_eq!(role("optimizer_1.bin"), Some(Role::Optimizer));
        assert_eq!(role("optimizer_settings.bin"), None);
        assert_eq!(role("rng_state_12.pth"), Some(Role::Rng));
        assert_eq!(role("pytorch_model_fsdp_0/.metadata"), Some(Role::Model));
        assert_eq!(role("deep/optimizer.pt"), None);
        let names = ["config.json", "pytorch_model.bin", "model.safetensors"];
        assert_eq!(weights(&names), Some(Weights::Whole("model.safetensors".to_owned())));
    }
}
