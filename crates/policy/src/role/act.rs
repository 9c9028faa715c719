//! Everything that a registry does for somebody.

use crate::words::words;

words! {
    /// Something that a person or a token asks a registry to do.
    Act {
        /// See models, versions, reports and evidence.
        Read = "read",
        /// Make a model's name known.
        CreateModel = "create-model",
        /// Add a version with its files.
        Push = "push",
        /// Set or remove a tag of a version.
        Tag = "tag",
        /// Write a note.
        Note = "note",
        /// Add evidence: a verification, a scan, a signature.
        Attest = "attest",
        /// Mark a version as doubtful.
        Flag = "flag",
        /// Take a flag away.
        Clear = "clear",
        /// Say that a version was looked at, without a decision.
        Review = "review",
        /// Approve a version.
        Approve = "approve",
        /// Accept new goldens: make the next contract.
        AcceptGoldens = "accept-goldens",
        /// Point an alias without a gate at a version.
        SetAlias = "set-alias",
        /// Remove an alias.
        RemoveAlias = "remove-alias",
        /// Point an alias at a version that its gate lets pass.
        Promote = "promote",
        /// Point an alias back at the version before.
        Revert = "revert",
        /// Take a version out of use.
        Retire = "retire",
        /// Set the gate of an alias.
        SetGate = "set-gate",
        /// Set how long versions are kept.
        SetRetention = "set-retention",
        /// Put a version under legal hold.
        Hold = "hold",
        /// End a legal hold.
        ReleaseHold = "release-hold",
        /// Delete the files of a version.
        Delete = "delete",
        /// Give or take a role.
        Grant = "grant",
        /// Make a token.
        CreateToken = "create-token",
        /// Make a token worthless.
        RevokeToken = "revoke-token",
        /// Check the log and everything it is about.
        Audit = "audit",
        /// Take evidence and history out in bulk.
        Export = "export",
    }
}

impl Act {
    /// Whether it is about one alias, so that a grant can be for that alias only.
    pub const fn is_about_alias(self) -> bool {
        matches!(
            self,
            Self::Approve | Self::SetAlias | Self::RemoveAlias | Self::Promote | Self::Revert | Self::SetGate
        )
    }

    /// Whether the log gets an entry for it, whoever does it and in every mode: all that changes something or takes much out.
    pub const fn is_logged(self) -> bool {
        !matches!(self, Self::Read)
    }

    /// What it does, for tables.
    pub const fn describe(self) -> &'static str {
        match self {
            Self::Read => "see models, versions, reports and evidence",
            Self::CreateModel => "make a model's name known",
            Self::Push => "add a version with its files",
            Self::Tag => "set or remove a tag of a version",
            Self::Note => "write a note",
            Self::Attest => "add evidence: a verification, a scan, a signature",
            Self::Flag => "mark a version as doubtful",
            Self::Clear => "take a flag away",
            Self::Review => "say that a version was looked at, without a decision",
            Self::Approve => "approve a version",
            Self::AcceptGoldens => "accept new goldens: make the next contract",
            Self::SetAlias => "point an alias without a gate at a version",
            Self::RemoveAlias => "remove an alias",
            Self::Promote => "point an alias at a version that its gate lets pass",
            Self::Revert => "point an alias back at the version before",
            Self::Retire => "take a version out of use",
            Self::SetGate => "set the gate of an alias",
            Self::SetRetention => "set how long versions are kept",
            Self::Hold => "put a version under legal hold",
            Self::ReleaseHold => "end a legal hold",
            Self::Delete => "delete the files of a version",
            Self::Grant => "give or take a role",
            Self::CreateToken => "make a token",
            Self::RevokeToken => "make a token worthless",
            Self::Audit => "check the log and everything it is about",
            Self::Export => "take evidence and history out in bulk",
        }
    }
}
