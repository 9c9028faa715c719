//! Principals, grants and tokens.

use reproof_registry::{Error, PageRequest, PrincipalKind, Registry};

use crate::Case;
use crate::place::{Place, at, by};

pub(crate) const CASES: &[Case] = &[
    ("principals_are_added_and_listed", principals),
    ("groups_have_members_and_no_groups", groups),
    ("grants_come_with_groups", grants),
    ("a_token_tells_whose_it_is", token),
    ("an_expired_token_does_not_count", expired),
    ("a_revoked_token_does_not_count", revoked),
    ("an_unknown_token_tells_nothing", unknown),
    ("the_first_administrator_is_there_whole_or_not_at_all", administrator),
];

fn administrator(place: &Place) {
    let registry = place.registry();
    let refused = registry.add_administrator(by("root", 1), "anna", &"x".repeat(1000), None);
    assert!(refused.is_err());
    assert!(registry.principals(&PageRequest::first(9)).unwrap().items.is_empty());
    let secret = registry.add_administrator(by("root", 2), "anna", "administrator", None).unwrap();
    assert_eq!(registry.authenticate(secret.reveal(), at(3)).unwrap().principal, "anna");
    let grants = registry.grants("anna").unwrap();
    assert_eq!((grants[0].role.as_str(), grants[0].pattern.as_str()), ("administrator", "**"));
    let again = registry.add_administrator(by("root", 4), "anna", "administrator", None);
    assert!(matches!(again, Err(Error::Exists { .. })), "{again:?}");
    assert_eq!(registry.log_size().unwrap(), 3);
}

fn peopled(place: &Place) -> Registry {
    let registry = place.registry();
    for (name, kind) in
        [("anna", PrincipalKind::Person), ("ci", PrincipalKind::Service), ("reviewers", PrincipalKind::Group)]
    {
        registry.add_principal(by("root", 1), name, kind).unwrap();
    }
    registry
}

fn principals(place: &Place) {
    let registry = peopled(place);
    assert_eq!(
        registry.add_principal(by("root", 2), "anna", PrincipalKind::Service),
        Err(Error::Exists { what: "principal", name: "anna".to_owned() })
    );
    let first = registry.principals(&PageRequest::first(2)).unwrap();
    assert_eq!(first.items.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(), ["anna", "ci"]);
    let request = PageRequest::first(2).next(&first).unwrap();
    assert_eq!(registry.principals(&request).unwrap().items[0].kind, PrincipalKind::Group);
    assert_eq!(registry.principal("ci").unwrap().kind, PrincipalKind::Service);
    assert!(matches!(registry.principal("zoe"), Err(Error::Unknown { what: "principal", .. })));
}

fn groups(place: &Place) {
    let registry = peopled(place);
    let set = |group, member, inside| registry.set_member(by("root", 5), group, member, inside);
    assert_eq!(set("reviewers", "anna", true), Ok(true));
    assert_eq!(set("reviewers", "anna", true), Ok(false));
    assert_eq!(set("reviewers", "ci", true), Ok(true));
    assert_eq!(registry.groups_of("anna").unwrap(), ["reviewers"]);
    assert_eq!(registry.members("reviewers", &PageRequest::default()).unwrap().items, ["anna", "ci"]);
    assert!(matches!(set("anna", "ci", true), Err(Error::WrongMembership { .. })));
    assert!(matches!(set("reviewers", "reviewers", true), Err(Error::WrongMembership { .. })));
    assert_eq!(set("reviewers", "anna", false), Ok(true));
    assert_eq!(registry.groups_of("anna").unwrap(), Vec::<String>::new());
}

fn grants(place: &Place) {
    let registry = peopled(place);
    registry.set_member(by("root", 5), "reviewers", "anna", true).unwrap();
    let own = registry.grant(by("root", 6), "anna", "publisher", "team/*", None).unwrap();
    registry.grant(by("root", 7), "reviewers", "approver", "**", Some("production")).unwrap();
    registry.grant(by("root", 8), "ci", "verifier", "**", None).unwrap();
    let roles = || {
        let grants = registry.grants("anna").unwrap();
        grants.into_iter().map(|grant| (grant.principal, grant.role)).collect::<Vec<_>>()
    };
    let role = |principal: &str, role: &str| (principal.to_owned(), role.to_owned());
    assert_eq!(roles(), [role("anna", "publisher"), role("reviewers", "approver")]);
    let grants = registry.grants("anna").unwrap();
    assert!(grants[0].covers("team/model", None) && !grants[0].covers("other/model", None));
    assert!(grants[1].covers("other/model", Some("production")) && !grants[1].covers("other/model", None));
    registry.revoke_grant(by("root", 9), own.id).unwrap();
    assert_eq!(roles(), [role("reviewers", "approver")]);
    assert!(matches!(
        registry.revoke_grant(by("root", 9), own.id),
        Err(Error::AlreadyDone { done: "revoked", .. })
    ));
    registry.set_member(by("root", 10), "reviewers", "anna", false).unwrap();
    assert_eq!(roles(), []);
}

fn token(place: &Place) {
    let registry = peopled(place);
    let (secret, issued) = registry.issue_token(by("root", 10), "ci", "nightly", Some(at(1000))).unwrap();
    assert!(secret.reveal().starts_with("rpf_") && secret.reveal().len() == 68);
    let known = registry.authenticate(secret.reveal(), at(500)).unwrap();
    assert_eq!((known.principal.as_str(), known.name.as_str(), known.last_used), ("ci", "nightly", None));
    assert_eq!(known, issued);
    assert_eq!(registry.tokens("ci").unwrap()[0].last_used, Some(at(500)));
    // Within a minute nothing is written.
    registry.authenticate(secret.reveal(), at(530)).unwrap();
    assert_eq!(registry.tokens("ci").unwrap()[0].last_used, Some(at(500)));
    registry.authenticate(secret.reveal(), at(560)).unwrap();
    assert_eq!(registry.tokens("ci").unwrap()[0].last_used, Some(at(560)));
    assert!(registry.issue_token(by("root", 11), "reviewers", "t", None).is_err());
    // The secret is in no row of the log either.
    let digits = &secret.reveal()[4..];
    for entry in registry.log_since(0, 100).unwrap() {
        assert!(!String::from_utf8(entry.leaf).unwrap().contains(digits));
    }
}

fn expired(place: &Place) {
    let registry = peopled(place);
    let (secret, _) = registry.issue_token(by("root", 10), "ci", "nightly", Some(at(1000))).unwrap();
    assert!(registry.authenticate(secret.reveal(), at(999)).is_ok());
    assert_eq!(
        registry.authenticate(secret.reveal(), at(1000)),
        Err(Error::TokenExpired {
            token: "nightly".to_owned(),
            principal: "ci".to_owned(),
            expired: at(1000)
        })
    );
}

fn revoked(place: &Place) {
    let registry = peopled(place);
    let (secret, token) = registry.issue_token(by("root", 10), "ci", "nightly", None).unwrap();
    let (other, _) = registry.issue_token(by("root", 10), "ci", "weekly", None).unwrap();
    registry.revoke_token(by("root", 11), token.id).unwrap();
    assert_eq!(
        registry.authenticate(secret.reveal(), at(12)),
        Err(Error::TokenRevoked { token: "nightly".to_owned(), principal: "ci".to_owned() })
    );
    assert!(matches!(registry.revoke_token(by("root", 12), token.id), Err(Error::AlreadyDone { .. })));
    assert!(registry.authenticate(other.reveal(), at(12)).is_ok());
    assert_eq!(registry.tokens("ci").unwrap().len(), 1);
}

fn unknown(place: &Place) {
    let registry = peopled(place);
    registry.issue_token(by("root", 10), "ci", "nightly", None).unwrap();
    for token in
        [format!("rpf_{}", "0".repeat(64)), "rpf_".to_owned(), "x".repeat(1 << 20), "nul\0".to_owned()]
    {
        assert_eq!(registry.authenticate(&token, at(12)), Err(Error::TokenUnknown));
    }
}
