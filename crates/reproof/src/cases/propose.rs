//! Proposes cases from a graph's signature.

use std::collections::BTreeMap;

use reproof_contract::contract::{CaseOrigin, OpenPoint};
use reproof_contract::signature::{InputDim, InputPort, Signature};
use reproof_contract::{CaseClass, Name};
use reproof_formats::onnx::{Dim, Element, Model, TypeInfo};
use reproof_tensor::{DType, Value};

use super::Case;
use super::fill::{Fill, Role, fill, texts};
use super::random::Random;

/// Seed of the proposals: the values are stored, so that any fixed number does.
const SEED: u64 = 0x5265_7072_6f6f_6600;

/// Entries that a batch of many has.
const MANY: u64 = 5;

/// Why no case could be proposed.
#[derive(Debug, thiserror::Error)]
pub enum ProposeError {
    /// An input has a type for which values cannot be made up.
    #[error("cannot make up values for the input `{input}` of type {kind}: give your own with --cases")]
    Type {
        /// The input.
        input: String,
        /// Its type as the format writes it.
        kind: String,
    },
}

/// One input as far as proposing is concerned.
struct Port {
    name: String,
    kind: Kind,
    dims: Vec<Dim>,
    /// The largest sizes of open dims, where they are known.
    at_most: Vec<Option<u64>>,
    role: Role,
}

enum Kind {
    Number(DType),
    Text,
    Sequence(DType),
    Absent,
}

/// The sizes of one case.
#[derive(Clone, Copy)]
struct Sizes {
    batch: u64,
    scale: Scale,
    open: u64,
}

#[derive(Clone, Copy, PartialEq)]
enum Scale {
    Ordinary,
    Shortest,
    Long,
}

/// Ordinary sizes of open dims, in the order in which they are worth trying: a model that refuses short sequences may
/// take a second of sound.
pub const OPEN_SIZES: [u64; 3] = [16, 512, 4096];

/// Proposes typical, boundary and corner cases; open dims other than the batch have the size `open`.
pub fn propose(model: &Model, open: u64) -> Result<Vec<Case>, ProposeError> {
    let ports: Vec<Port> = model.inputs().iter().map(|input| port(model, input)).collect::<Result<_, _>>()?;
    Ok(cases_of(&ports, open))
}

/// Proposes cases for every way in which a framework calls its model, those of further ways under their names.
pub fn propose_calls(signatures: &[Signature], open: u64) -> Result<Vec<Case>, ProposeError> {
    let mut cases = Vec::new();
    for (number, signature) in signatures.iter().enumerate() {
        let ports: Vec<Port> = signature.inputs.iter().map(described).collect::<Result<_, _>>()?;
        for mut case in cases_of(&ports, open) {
            if number > 0 {
                case.name = Name::from_text(&format!("{}-{}", signature.name, case.name));
            }
            cases.push(case);
        }
    }
    Ok(cases)
}

fn cases_of(ports: &[Port], open: u64) -> Vec<Case> {
    let ordinary = Sizes { batch: 1, scale: Scale::Ordinary, open };
    let mut cases = Vec::new();
    let mut add = |name: &str, class: CaseClass, note: &str, kind: Fill, sizes: Sizes, open: &[OpenPoint]| {
        let name: Name = name.parse().expect("the names of proposals are plain words");
        let mut random = Random::new(SEED ^ cases.len() as u64);
        let inputs: Option<Vec<(String, Value)>> = ports
            .iter()
            .map(|port| Some((port.name.clone(), value(port, kind, sizes, &mut random)?)))
            .collect();
        // What does not apply to this signature would only repeat another case.
        let Some(inputs) = inputs else { return };
        if cases.iter().all(|case: &Case| case.inputs != inputs) {
            let (note, open) = (note.to_owned(), open.to_vec());
            cases.push(Case { name, class, origin: CaseOrigin::Proposed, note, inputs, open });
        }
    };
    let has = |test: &dyn Fn(&Port) -> bool| ports.iter().any(test);
    let floats = has(&|port| matches!(port.kind, Kind::Number(dtype) if dtype.is_float()));
    let indices = has(&|port| matches!(port.role, Role::Index(_)));
    let texts = has(&|port| matches!(port.kind, Kind::Text));
    let numbers = has(&|port| !matches!(port.kind, Kind::Text));
    let batched = has(&|port| !matches!(port.dims.first(), None | Some(Dim::Fixed(_))));
    let stretched = has(&|port| port.dims.iter().skip(1).any(|dim| !matches!(dim, Dim::Fixed(_))));
    let (typical, boundary, corner) = (CaseClass::Typical, CaseClass::Boundary, CaseClass::Corner);
    for number in 1..=3 {
        let note = "seeded values in a realistic range";
        add(&format!("typical-{number}"), typical, note, Fill::Typical, ordinary, &[]);
    }
    if batched {
        let many = Sizes { batch: MANY, ..ordinary };
        add("batch-of-many", boundary, "a batch of 5 instead of 1", Fill::Typical, many, &[]);
    }
    if stretched {
        let shortest = Sizes { scale: Scale::Shortest, ..ordinary };
        let long = Sizes { scale: Scale::Long, ..ordinary };
        add("shortest", boundary, "every open dim at 1", Fill::Typical, shortest, &[]);
        add("long", boundary, "every open dim at four times its ordinary size", Fill::Typical, long, &[]);
    }
    if numbers {
        add("zeros", boundary, "all zero", Fill::Zeros, ordinary, &[OpenPoint::Underflow]);
        add("ones", boundary, "all one", Fill::Ones, ordinary, &[]);
    } else if texts {
        add("empty-text", boundary, "a text without a character", Fill::Zeros, ordinary, &[]);
        add("long-text", boundary, "a text of two hundred words", Fill::Ones, ordinary, &[]);
        add(
            "odd-text",
            corner,
            "signs that tokenizers treat in their own ways",
            Fill::Extremes,
            ordinary,
            &[],
        );
    }
    if floats || indices {
        let open = [OpenPoint::NanOrdering, OpenPoint::Overflow];
        add("extremes", boundary, "the largest and smallest values in turn", Fill::Extremes, ordinary, &open);
    }
    if floats {
        let open = [OpenPoint::Underflow];
        add(
            "denormals",
            boundary,
            "values below the smallest normal number",
            Fill::Denormals,
            ordinary,
            &open,
        );
        add("negative-zeros", corner, "all negative zero", Fill::NegativeZeros, ordinary, &open);
        add("nan", corner, "a NaN among typical values", Fill::Nan, ordinary, &[OpenPoint::NanOrdering]);
        let open = [OpenPoint::NanOrdering, OpenPoint::Overflow];
        add("infinities", corner, "both infinities among typical values", Fill::Infinities, ordinary, &open);
    }
    if indices {
        add("out-of-range", corner, "an index one past the table", Fill::OutOfRange, ordinary, &[]);
    }
    if batched {
        let empty = Sizes { batch: 0, ..ordinary };
        add("empty-batch", corner, "a batch of nothing", Fill::Typical, empty, &[]);
    }
    cases
}

/// A port as a framework describes it.
fn described(input: &InputPort) -> Result<Port, ProposeError> {
    let kind = input.dtype.map_or(Kind::Text, Kind::Number);
    let dim = |dim: &InputDim| match (dim.size, &dim.name) {
        (Some(size), _) => Dim::Fixed(size),
        (None, Some(name)) => Dim::Symbol(name.clone()),
        (None, None) => Dim::Unknown,
    };
    let dims: Vec<Dim> = input.dims.iter().map(dim).collect();
    let role = role(input.below.filter(|below| *below > 0), &input.name, &kind, &dims);
    if let Kind::Number(dtype) = kind {
        let made = fill(dtype, &[1], role, Fill::Typical, &mut Random::new(0));
        made.ok_or_else(|| ProposeError::Type { input: input.name.clone(), kind: dtype.to_string() })?;
    }
    let at_most = input.dims.iter().map(|dim| dim.at_most).collect();
    Ok(Port { name: input.name.clone(), kind, dims, at_most, role })
}

fn port(model: &Model, input: &reproof_formats::onnx::ValueInfo) -> Result<Port, ProposeError> {
    let refused = || ProposeError::Type { input: input.name.clone(), kind: input.kind.to_string() };
    let (kind, shape) = match &input.kind {
        TypeInfo::Tensor { element: Element::Number(dtype), shape } => (Kind::Number(*dtype), shape.clone()),
        TypeInfo::Tensor { element: Element::Text, shape } => (Kind::Text, shape.clone()),
        TypeInfo::Sequence(inner) => match inner.as_ref() {
            TypeInfo::Tensor { element: Element::Number(dtype), shape } => {
                (Kind::Sequence(*dtype), shape.clone())
            }
            _ => return Err(refused()),
        },
        TypeInfo::Optional(_) => (Kind::Absent, None),
        _ => return Err(refused()),
    };
    // Without a declared rank, a small matrix is the best guess.
    let dims = shape.unwrap_or_else(|| vec![Dim::Unknown, Dim::Fixed(8)]);
    let role = role(table_size(model, &input.name), &input.name, &kind, &dims);
    if let Kind::Number(dtype) | Kind::Sequence(dtype) = kind {
        let mut random = Random::new(0);
        fill(dtype, &[1], role, Fill::Typical, &mut random).ok_or_else(refused)?;
    }
    Ok(Port { name: input.name.clone(), kind, dims, at_most: Vec::new(), role })
}

/// What the input's name, type and use say of it; `below` bounds the indices of a table.
fn role(below: Option<u64>, name: &str, kind: &Kind, dims: &[Dim]) -> Role {
    let lower = name.to_ascii_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    let dtype = match kind {
        Kind::Number(dtype) | Kind::Sequence(dtype) => *dtype,
        Kind::Text | Kind::Absent => return Role::Number,
    };
    if says(&["mask"]) {
        return Role::Mask;
    }
    if dtype.is_discrete() && dtype != DType::Bool {
        if let Some(bound) = below {
            return Role::Index(bound);
        }
        if says(&["position", "pos_id"]) {
            return Role::Position;
        }
        if dims.is_empty() || says(&["length", "size", "shape", "count", "num", "sr", "rate", "axis", "axes"])
        {
            return Role::Count;
        }
    }
    let channels = |dim: &Dim| matches!(dim, Dim::Fixed(1 | 3 | 4));
    let picture = dims.len() == 4 && (channels(&dims[1]) || channels(&dims[3]));
    if picture && (dtype.is_float() || dtype == DType::U8) { Role::Image } else { Role::Number }
}

/// The rows of the stored table that an input indexes with `Gather`, directly or through a `Cast`.
fn table_size(model: &Model, input: &str) -> Option<u64> {
    let tables: BTreeMap<&str, u64> = model
        .graph
        .initializers
        .iter()
        .filter_map(|tensor| Some((tensor.name.as_str(), u64::try_from(*tensor.dims.first()?).ok()?)))
        .collect();
    let nodes = model.nodes();
    let casts = nodes.iter().filter(|node| matches!(node.op_type.as_str(), "Cast" | "Identity"));
    let mut names = vec![input];
    for node in casts {
        if node.inputs.first().is_some_and(|name| names.contains(&name.as_str())) {
            names.extend(node.outputs.first().map(String::as_str));
        }
    }
    let gathers = nodes.iter().filter(|node| node.op_type == "Gather");
    let sizes = gathers.filter_map(|node| match node.inputs.as_slice() {
        [table, indices] if names.contains(&indices.as_str()) => tables.get(table.as_str()).copied(),
        _ => None,
    });
    sizes.min().filter(|size| *size > 0)
}

fn value(port: &Port, kind: Fill, sizes: Sizes, random: &mut Random) -> Option<Value> {
    let shape: Vec<u64> =
        port.dims.iter().enumerate().map(|(axis, dim)| size(dim, axis, port, sizes)).collect();
    match port.kind {
        Kind::Number(dtype) => fill(dtype, &shape, port.role, kind, random),
        Kind::Text => texts(&shape, kind, random),
        Kind::Sequence(dtype) => {
            let items: Option<Vec<Value>> =
                (0..2).map(|_| fill(dtype, &shape, port.role, kind, random)).collect();
            items.map(Value::Sequence)
        }
        Kind::Absent => Some(Value::Optional(None)),
    }
}

/// The size of one dim in one case.
fn size(dim: &Dim, axis: usize, port: &Port, sizes: Sizes) -> u64 {
    let name = match dim {
        Dim::Fixed(size) => return *size,
        Dim::Symbol(name) => name.to_ascii_lowercase(),
        Dim::Unknown => String::new(),
    };
    let at_most = port.at_most.get(axis).copied().flatten().unwrap_or(u64::MAX);
    if axis == 0 && !(name.contains("seq") || name.contains("len")) {
        return sizes.batch.min(at_most);
    }
    let picture = port.role == Role::Image || name.contains("height") || name.contains("width");
    let ordinary = if picture { sizes.open.clamp(64, 256) } else { sizes.open };
    match sizes.scale {
        Scale::Ordinary => ordinary,
        Scale::Shortest => 1,
        Scale::Long => ordinary * 4,
    }
    .min(at_most)
}
