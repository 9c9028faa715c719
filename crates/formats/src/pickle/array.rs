//! Arrays whose bytes stand in the stream itself, right after the opcode that sets their wrapper's state: joblib.

use super::machine::Machine;
use super::numpy::NumpyType;
use super::{Id, InlineArray, PickleError};

/// If the object `wrapper` has just become joblib's announcement of an array, moves over the array in the stream.
pub(super) fn inline(machine: &mut Machine<'_>, wrapper: Id) -> Result<Option<InlineArray>, PickleError> {
    let pickle = &machine.pickle;
    if !pickle.class(wrapper).is_some_and(|(module, name)| {
        name == "NumpyArrayWrapper"
            && (module == "joblib.numpy_pickle" || module.ends_with(".joblib.numpy_pickle"))
    }) {
        return Ok(None);
    }
    let refuse = |problem| PickleError::Array { offset: machine.offset(), problem };
    // joblib sets six attributes at once; more are looked through for every array that follows.
    let states = pickle.object(wrapper).map_or(&[][..], |object| &object.states);
    let is_small =
        |state: &Id| !matches!(pickle.get(*state), super::Value::Dict(entries) if entries.len() > 64);
    if states.len() > 4 || !states.iter().all(is_small) {
        return Err(refuse("its state is larger than any that joblib writes"));
    }
    let attribute = |name| pickle.attribute(wrapper, name);
    let shape = attribute("shape").and_then(|id| pickle.dims(id));
    let shape = shape.ok_or_else(|| refuse("its shape is not told"))?;
    let element = attribute("dtype").and_then(|id| NumpyType::of(pickle, id));
    let element = element.ok_or_else(|| refuse("its element type is not told"))?;
    let aligned = attribute("numpy_array_alignment_bytes").is_some_and(|id| pickle.int(id).is_some());
    if element.has_objects {
        let objects = machine.run_nested()?;
        let end = machine.input.position();
        return Ok(Some(InlineArray { wrapper, data: end..end, objects: Some(objects) }));
    }
    let count = reproof_tensor::element_count(&shape).and_then(|count| count.checked_mul(element.size));
    let length = count.ok_or_else(|| refuse("it is larger than any file"))?;
    if aligned {
        // One byte says how many of padding follow.
        let padding = machine.input.byte("the padding of an array")?;
        machine.input.skip(padding.into(), "the padding of an array")?;
    }
    let data = machine.input.skip(length, "an array")?;
    Ok(Some(InlineArray { wrapper, data, objects: None }))
}
