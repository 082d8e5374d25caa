use super::{Permission, Permissions};

fn set(bits: u8) -> Permissions {
    Permissions::from_bits(bits)
}

#[test]
fn every_permission_has_its_bit_and_its_name() {
    for (at, permission) in Permission::ALL.into_iter().enumerate() {
        assert_eq!(permission.bit().bits(), 1 << at);
        assert_eq!(Permissions::from(permission), permission.bit());
        assert_eq!(permission.name().parse(), Ok(permission));
        assert_eq!(
            format!("{permission:>20}"),
            format!("{:>20}", permission.name())
        );
        let json = serde_json::to_string(&permission).unwrap();
        assert_eq!(json, format!("\"{permission}\""));
        assert_eq!(
            serde_json::from_str::<Permission>(&json).unwrap(),
            permission
        );
    }
    assert!("read".parse::<Permission>().is_err() && "".parse::<Permission>().is_err());
    let wrong = serde_json::from_str::<Permission>("7")
        .unwrap_err()
        .to_string();
    assert!(wrong.contains("the name of a permission"), "{wrong}");
    let wrong = serde_json::from_str::<Permissions>("7")
        .unwrap_err()
        .to_string();
    assert!(wrong.contains("a list of permission names"), "{wrong}");
}

#[test]
fn sets_are_sets() {
    for a in 0..=u8::MAX {
        assert_eq!(set(a).bits(), a);
        assert_eq!(set(a).is_empty(), a == 0);
        assert_eq!(set(a).iter().count(), a.count_ones() as usize);
        for b in [0, 1, 2, 0x0f, 0x55, 0x80, 0xf0, 0xff, a, !a] {
            assert_eq!(set(a).contains(set(b)), b & !a == 0, "{a} {b}");
            assert_eq!(set(a).intersects(set(b)), a & b != 0);
            assert_eq!([set(a).union(set(b)), set(a) | set(b)], [set(a | b); 2]);
            assert_eq!(
                [set(a).intersection(set(b)), set(a) & set(b)],
                [set(a & b); 2]
            );
            assert_eq!(set(a).difference(set(b)), set(a & !b));
            let mut more = set(a);
            more |= set(b);
            assert_eq!(more, set(a | b));
        }
        for permission in Permission::ALL {
            assert_eq!(
                set(a).has(permission),
                set(a).iter().any(|it| it == permission)
            );
        }
    }
}

#[test]
fn sets_are_shown_as_names() {
    assert_eq!(
        set(0b1010_0001).to_string(),
        "READ CHANGE_PERMISSIONS MODERATE"
    );
    assert_eq!(format!("{:?}", set(2)), "Permissions(DOWNLOAD)");
    assert_eq!(set(0).to_string(), "");
    assert_eq!(
        serde_json::to_string(&set(3)).unwrap(),
        r#"["READ","DOWNLOAD"]"#
    );
    assert_eq!(
        serde_json::from_str::<Permissions>(r#"["READ","READ"]"#).unwrap(),
        set(1)
    );
}
