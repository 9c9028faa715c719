//! Blocks as byte planes: the numbers, or their differences from a base, taken apart into bytes of equal weight.
//!
//! The lowest plane comes first. In a float it is noise, and the highest is the exponent, which has few values. Of a
//! small difference all but the lowest planes are zero.

use crate::element::Element;
use crate::lane::{Lane, TILE};

/// The planes of a block: as many as its element is wide, the rest empty.
pub(crate) type Planes<'a> = [&'a mut [u8]; 8];

/// Takes `bytes` apart into `planes` of `bytes.len() / width` bytes each. With a base as long as `bytes`, the differences
/// from it instead. Odd bytes at the end are left out.
pub(crate) fn split(element: Element, bytes: &[u8], base: Option<&[u8]>, planes: Planes<'_>) {
    match element.width() {
        1 => split_lanes::<u8>(element.is_float(), bytes, base, planes),
        2 => split_lanes::<u16>(element.is_float(), bytes, base, planes),
        4 => split_lanes::<u32>(element.is_float(), bytes, base, planes),
        _ => split_lanes::<u64>(element.is_float(), bytes, base, planes),
    }
}

/// Undoes [`split`]: puts the numbers together from `planes`, as many as the element is wide and equally long.
pub(crate) fn join(element: Element, planes: &[&[u8]], base: Option<&[u8]>, bytes: &mut [u8]) {
    match element.width() {
        1 => join_lanes::<u8>(element.is_float(), planes, base, bytes),
        2 => join_lanes::<u16>(element.is_float(), planes, base, bytes),
        4 => join_lanes::<u32>(element.is_float(), planes, base, bytes),
        _ => join_lanes::<u64>(element.is_float(), planes, base, bytes),
    }
}

fn split_lanes<L: Lane>(float: bool, bytes: &[u8], base: Option<&[u8]>, planes: Planes<'_>) {
    let mut rest = planes;
    let (mut tile, mut base_tile) = ([L::default(); TILE], [L::default(); TILE]);
    let mut bases = base.map(|base| base.chunks(TILE * L::WIDTH));
    for chunk in bytes.chunks(TILE * L::WIDTH) {
        let count = chunk.len() / L::WIDTH;
        let Some(tile) = tile.get_mut(..count) else { return };
        L::read(chunk, tile);
        if let Some(base) = bases.as_mut().and_then(Iterator::next) {
            let Some(base_tile) = base_tile.get_mut(..count) else { return };
            L::read(base, base_tile);
            if float {
                pairs(tile, base_tile, |lane, base| lane.order().subtract(base.order()));
            } else {
                pairs(tile, base_tile, L::subtract);
            }
        } else if float {
            singles(tile, L::rotate);
        }
        let mut targets = Planes::default();
        for (target, plane) in targets.iter_mut().zip(&mut rest).take(L::WIDTH) {
            let Some((now, later)) = std::mem::take(plane).split_at_mut_checked(count) else { return };
            (*target, *plane) = (now, later);
        }
        let Some(targets) = targets.get_mut(..L::WIDTH) else { return };
        L::split(tile, targets);
    }
}

fn join_lanes<L: Lane>(float: bool, planes: &[&[u8]], base: Option<&[u8]>, bytes: &mut [u8]) {
    let mut rest = [[].as_slice(); 8];
    for (rest, plane) in rest.iter_mut().zip(planes) {
        *rest = plane;
    }
    let (mut tile, mut base_tile) = ([L::default(); TILE], [L::default(); TILE]);
    let mut bases = base.map(|base| base.chunks(TILE * L::WIDTH));
    for chunk in bytes.chunks_mut(TILE * L::WIDTH) {
        let count = chunk.len() / L::WIDTH;
        let Some(tile) = tile.get_mut(..count) else { return };
        let mut sources = [[].as_slice(); 8];
        for (source, plane) in sources.iter_mut().zip(&mut rest).take(L::WIDTH) {
            let Some((now, later)) = plane.split_at_checked(count) else { return };
            (*source, *plane) = (now, later);
        }
        let Some(sources) = sources.get(..L::WIDTH) else { return };
        L::join(sources, tile);
        if let Some(base) = bases.as_mut().and_then(Iterator::next) {
            let Some(base_tile) = base_tile.get_mut(..count) else { return };
            L::read(base, base_tile);
            if float {
                pairs(tile, base_tile, |lane, base| lane.add(base.order()).order());
            } else {
                pairs(tile, base_tile, L::add);
            }
        } else if float {
            singles(tile, L::rotate_back);
        }
        L::write(tile, chunk);
    }
}

#[inline]
fn pairs<L: Lane>(tile: &mut [L], base: &[L], map: impl Fn(L, L) -> L) {
    for (lane, base) in tile.iter_mut().zip(base) {
        *lane = map(*lane, *base);
    }
}

#[inline]
fn singles<L: Lane>(tile: &mut [L], map: impl Fn(L) -> L) {
    for lane in tile {
        *lane = map(*lane);
    }
}
