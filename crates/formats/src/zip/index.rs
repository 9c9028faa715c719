//! Members by name.

use std::cmp::Ordering;

use super::{Anomalies, AnomalyKind, Archive, Member};

impl Archive {
    /// The member of this name; the first one where there are several.
    pub(crate) fn find(&self, name: &str) -> Option<&Member> {
        let name = name.as_bytes();
        let before = |place: &u32| order(self.members[*place as usize].name_bytes(), name) == Ordering::Less;
        let place = *self.by_name.get(self.by_name.partition_point(before))?;
        let member = &self.members[place as usize];
        (member.name_bytes() == name).then_some(member)
    }

    /// The member of this name, whatever the case of its letters: the exact one where there is one.
    pub(crate) fn find_ignoring_case(&self, name: &str) -> Option<&Member> {
        if let Some(exact) = self.find(name) {
            return Some(exact);
        }
        let lower = |name: &[u8]| name.to_ascii_lowercase();
        let wanted = lower(name.as_bytes());
        let before = |place: &u32| lower(self.members[*place as usize].name_bytes()) < wanted;
        let place = *self.by_name.get(self.by_name.partition_point(before))?;
        let member = &self.members[place as usize];
        member.name_bytes().eq_ignore_ascii_case(name.as_bytes()).then_some(member)
    }
}

/// The places of the members in the order of their names; notes names that several members have.
pub(super) fn build(members: &[Member], anomalies: &mut Anomalies) -> Vec<u32> {
    let name = |place: u32| members[place as usize].name_bytes();
    // There are at most a million.
    let mut places: Vec<u32> = (0..members.len() as u32).collect();
    places.sort_by(|left, right| order(name(*left), name(*right)));
    for pair in places.windows(2) {
        let (first, second) = (pair[0], pair[1]);
        let kind = if name(first) == name(second) {
            AnomalyKind::DuplicateName { other: first as usize }
        } else if name(first).eq_ignore_ascii_case(name(second)) {
            AnomalyKind::SameIgnoringCase { other: first as usize }
        } else {
            continue;
        };
        anomalies.push(members[second as usize].local_offset, Some(second as usize), kind);
    }
    places
}

/// Names by their letters, then by case: names that a loader may confuse are neighbours.
fn order(left: &[u8], right: &[u8]) -> Ordering {
    // Names of one archive have long beginnings in common.
    let same = left.iter().zip(right).take_while(|(left, right)| left == right).count();
    let (left_rest, right_rest) = (&left[same..], &right[same..]);
    left_rest
        .iter()
        .map(u8::to_ascii_lowercase)
        .cmp(right_rest.iter().map(u8::to_ascii_lowercase))
        .then_with(|| left_rest.cmp(right_rest))
}
