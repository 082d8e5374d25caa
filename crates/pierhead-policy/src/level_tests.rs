use super::{BadLevels, Level, Levels};
use crate::bits::{Permission, Permissions};

#[test]
fn the_five_are_named_read_and_shown() {
    let levels = Levels::default();
    assert_eq!(levels.iter().count(), Level::ALL.len());
    for (level, named) in Level::ALL.into_iter().zip(levels.iter()) {
        assert_eq!(
            (level.name(), level.permissions()),
            (&*named.name, named.permissions)
        );
        assert_eq!(levels.permissions(level.name()), Ok(level.into()));
        assert_eq!(levels.shown(level.permissions()), level.name());
    }
    let sets = (0..=u8::MAX).map(Permissions::from_bits);
    let customs = sets.filter(|set| levels.shown(*set) == "custom").count();
    assert_eq!(customs, 256 - Level::ALL.len());
    for (name, bits) in [
        ("can-view", "READ"),
        ("can-download", "READ DOWNLOAD"),
        ("can-edit", "READ DOWNLOAD CREATE UPDATE"),
        ("can-edit-and-delete", "READ DOWNLOAD CREATE UPDATE DELETE"),
        (
            "administrator",
            "READ DOWNLOAD CREATE UPDATE DELETE CHANGE_PERMISSIONS CHANGE_SETTINGS MODERATE",
        ),
    ] {
        assert_eq!(levels.permissions(name).unwrap().to_string(), bits);
    }
    for (permission, expected) in [
        (Permission::Read, Level::CanView),
        (Permission::Download, Level::CanDownload),
        (Permission::Create, Level::CanEdit),
        (Permission::Update, Level::CanEdit),
        (Permission::Delete, Level::CanEditAndDelete),
        (Permission::ChangePermissions, Level::Administrator),
        (Permission::ChangeSettings, Level::Administrator),
        (Permission::Moderate, Level::Administrator),
    ] {
        assert_eq!(&*levels.with(permission).unwrap().name, expected.name());
    }
    let json = serde_json::to_value(&levels).unwrap();
    assert_eq!(json[1]["name"], "can-download");
    assert_eq!(json[1]["permissions"][1], "DOWNLOAD");
}

#[test]
fn a_name_that_is_no_level_is_told_those_there_are() {
    let levels = Levels::default();
    for wrong in ["", "custom", "Can-view", "can-view ", "can_view"] {
        assert_eq!(
            levels.permissions(wrong).unwrap_err().to_string(),
            "not a sharing level; use one of can-view, can-download, can-edit, \
             can-edit-and-delete, administrator"
        );
    }
}

#[test]
fn own_levels_can_be_told_apart() {
    let (read, pull) = (Permissions::READ, Permissions::DOWNLOAD);
    let long = "x".repeat(64);
    assert!(Levels::new([("a-1", read)]).is_ok());
    assert!(Levels::new([(long.clone(), pull)]).is_ok());
    let longer = format!("{long}x");
    for name in ["", "custom", "Reader", "a b", "a_b", "é", &longer] {
        let refused = Levels::new([(name.to_owned(), read)]);
        assert_eq!(refused, Err(BadLevels::Name(name.to_owned())));
    }
    let refused = Levels::new([("reader", Permissions::NONE)]);
    assert_eq!(refused, Err(BadLevels::Empty("reader".to_owned())));
    for (second, set) in [("reader", pull), ("viewer", read)] {
        let refused = Levels::new([("reader", read), (second, set)]);
        let twice = BadLevels::Twice("reader".to_owned(), second.to_owned());
        assert_eq!(refused, Err(twice));
    }
    let none = Levels::new([] as [(&'static str, Permissions); 0]).unwrap();
    assert_eq!(
        (none.shown(read), none.with(Permission::Read)),
        ("custom", None)
    );
}
