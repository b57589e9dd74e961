//! What the audit log may hold: the server writes it, and a screen tells it.

/// What is written down: each by its name in the log, which never changes.
macro_rules! actions {
    ($($(#[$doc:meta])* $action:ident = $name:literal,)*) => {
        /// What is written down.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Action {
            $($(#[$doc])* $action,)*
        }

        impl Action {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$action,)*];

            /// Its name in the log: never changed.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$action => $name,)*
                }
            }

            /// The one of that name; none of one that a later server writes.
            #[must_use]
            pub fn named(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|action| action.name() == name)
            }
        }
    };
}

actions! {
    /// Somebody signed in with name and password.
    SignIn = "sign_in",
    /// Somebody signed in with a one-time code.
    SignInByCode = "sign_in_by_code",
    /// Somebody signed in with a passkey.
    SignInByPasskey = "sign_in_by_passkey",
    /// Somebody was not let in: neither who they are is known, nor that each such try has a row.
    SignInFailed = "sign_in_failed",
    /// A person set their own password.
    PasswordChange = "password_change",
    /// A passkey was added to an account.
    PasskeyAdd = "passkey_add",
    /// A passkey of an account was removed.
    PasskeyRemove = "passkey_remove",
    /// A passkey was not taken: it counts fewer signatures than it has made, so somebody has a second one of it.
    PasskeyRefuse = "passkey_refuse",
    /// A session was ended by somebody else than its owner.
    SessionRevoke = "session_revoke",
    /// A code was made for an account.
    CodeMake = "code_make",
    /// A token for an `OpenRosa` client was made for an account.
    TokenMake = "token_make",
    /// An account was added.
    AccountAdd = "account_add",
    /// An account's name, role or units were changed.
    AccountChange = "account_change",
    /// An account was disabled.
    AccountDisable = "account_disable",
    /// A disabled account may sign in again.
    AccountEnable = "account_enable",
    /// Records left as a spreadsheet.
    Export = "export",
    /// The repair desk applied an operation.
    RepairApply = "repair_apply",
    /// The repair desk set an operation aside.
    RepairSetAside = "repair_set_aside",
    /// Somebody looked at how changes met in an entity, and left it so.
    EntitySettle = "entity_settle",
    /// Answers about a person were erased.
    PersonErase = "person_erase",
    /// Answers about a person, or all of an account, left as a file.
    PersonExport = "person_export",
    /// An account's name was erased.
    AccountErase = "account_erase",
    /// Answers were erased whose time was over.
    Retention = "retention",
    /// A scheduled backup was not made, or is not good.
    BackupFail = "backup_fail",
    /// A pack was put in force.
    PackLoad = "pack_load",
    /// A backup holds all that the server held.
    Backup = "backup",
    /// The database was put back from a backup.
    Restore = "restore",
    /// The work of a phone came as a file.
    BundleImport = "bundle_import",
    /// A file was refused that was to be such work.
    BundleRefuse = "bundle_refuse",
    /// The organisation has a new key, which phones seal such files to.
    OrganisationKey = "organisation_key",
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_found_by_its_name() {
        for action in Action::ALL {
            assert_eq!(Action::named(action.name()), Some(*action));
        }
        assert_eq!(Action::named("new_thing"), None);
    }
}
