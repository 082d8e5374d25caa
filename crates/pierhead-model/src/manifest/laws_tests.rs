//! Laws: strict accepted means lenient equal; `oci-spec` agrees where both accept; no input
//! upsets either reader.

use oci_spec::image as oci;
use proptest::prelude::*;

use super::*;
use crate::Algorithm;

fn digest() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => any::<[u8; 4]>().prop_map(|seed| ContentDigest::sha256(&seed).to_string()),
        1 => any::<[u8; 4]>()
            .prop_map(|seed| ContentDigest::of(Algorithm::Sha512, &seed).to_string()),
        1 => "[a-z]{1,3}[+.]b64:[A-Za-z0-9=_-]{1,20}",
    ]
}

fn descriptor() -> impl Strategy<Value = String> {
    (
        "(application|x)/[a-z0-9]{1,4}[a-z0-9.+-]{0,9}|application/vnd\\.oci\\.image\\.layer\\.v1\\.tar\\+gzip",
        digest(),
        0..=i64::MAX,
        prop_oneof![
            Just(String::new()),
            Just(r#","data":"e30=""#.to_owned()),
            Just(r#","annotations":{"a":"\u003c","b":""}"#.to_owned()),
            Just(r#","platform":{"architecture":"arm64","os":"linux","variant":"v8","os.version":"1","os.features":["f"]}"#.to_owned()),
            Just(r#","urls":["https://example.org"],"unknown":{"digest":1}"#.to_owned()),
        ],
    )
        .prop_map(|(media_type, digest, size, rest)| {
            format!(r#"{{"mediaType":"{media_type}","digest":"{digest}","size":{size}{rest}}}"#)
        })
}

fn fields() -> impl Strategy<Value = Vec<String>> {
    let shape = prop_oneof![
        (descriptor(), proptest::collection::vec(descriptor(), 0..5)).prop_map(
            |(config, layers)| vec![
                format!(r#""config":{config}"#),
                format!(r#""layers":[{}]"#, layers.join(",")),
            ]
        ),
        proptest::collection::vec(descriptor(), 0..5)
            .prop_map(|children| vec![format!(r#""manifests":[{}]"#, children.join(",\n "))]),
    ];
    let extra = prop_oneof![
        Just(None),
        descriptor().prop_map(|subject| Some(format!(r#""subject":{subject}"#))),
        Just(Some(r#""artifactType":"application/x""#.to_owned())),
        Just(Some(
            r#""annotations":{"k":"\ud83d\ude00","l":"é"}"#.to_owned()
        )),
    ];
    (shape, extra).prop_map(|(mut fields, extra)| {
        fields.push(r#""schemaVersion":2"#.to_owned());
        fields.extend(extra);
        fields
    })
}

fn document() -> impl Strategy<Value = String> {
    fields()
        .prop_shuffle()
        .prop_map(|fields| format!("{{{}}}", fields.join(" ,")))
}

fn strict(bytes: &[u8]) -> Result<Manifest, ManifestError> {
    Manifest::from_pushed(bytes, None, &ManifestLimits::default())
}

/// What `oci-spec` says a document refers to: role, digest and size, sorted.
fn by_oci_spec(json: &str) -> Option<Vec<(ReferenceRole, String, u64)>> {
    fn row(role: ReferenceRole, it: &oci::Descriptor) -> (ReferenceRole, String, u64) {
        (role, it.digest().to_string(), it.size())
    }
    let mut rows = Vec::new();
    let subject;
    if let Ok(image) = serde_json::from_str::<oci::ImageManifest>(json) {
        rows.push(row(ReferenceRole::Config, image.config()));
        rows.extend(
            image
                .layers()
                .iter()
                .map(|it| row(ReferenceRole::Layer, it)),
        );
        subject = image.subject().clone();
    } else {
        let index = serde_json::from_str::<oci::ImageIndex>(json).ok()?;
        rows.extend(
            index
                .manifests()
                .iter()
                .map(|it| row(ReferenceRole::Child, it)),
        );
        subject = index.subject().clone();
    }
    rows.extend(subject.iter().map(|it| row(ReferenceRole::Subject, it)));
    rows.sort();
    Some(rows)
}

fn by_us(manifest: &Manifest) -> Vec<(ReferenceRole, String, u64)> {
    let mut rows: Vec<_> = manifest
        .references()
        .map(|it| (it.role, it.digest.to_string(), it.size))
        .collect();
    rows.sort();
    rows
}

/// Replaces, removes or doubles a piece of the text.
fn damage(text: &str, from: usize, to: usize, with: &str) -> Vec<u8> {
    let (from, to) = (from.min(to), from.max(to));
    [
        &text.as_bytes()[..from],
        with.as_bytes(),
        &text.as_bytes()[to..],
    ]
    .concat()
}

proptest! {
    #[test]
    fn what_is_well_formed_is_accepted_and_means_what_oci_spec_says(json in document()) {
        let manifest = strict(json.as_bytes()).unwrap();
        if let Some(theirs) = by_oci_spec(&json) {
            prop_assert_eq!(by_us(&manifest), theirs);
        } else {
            prop_assert!(false, "oci-spec refuses {}", json);
        }
    }

    #[test]
    fn however_a_member_is_spelled_it_means_the_same(json in document(), spelling in 0_usize..6) {
        let other = match spelling {
            0 => json.replace("\":", "\" : "),
            1 => json.replace("\"mediaType\":", "\"media\\u0054ype\":"),
            2 => json.replace("\"digest\":\"sha", "\"digest\":\n\"sh\\u0061"),
            3 => json.replace("application/", "application\\/"),
            4 => json.replace("\"size\":", "\"siz\\u0065\":\t"),
            _ => json.replace('{', "{ ").replace(',', "\r\n, ").replace('}', " }"),
        };
        let (plain, other) = (strict(json.as_bytes()).unwrap(), strict(other.as_bytes()));
        let other = other.map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert_eq!(by_us(&plain), by_us(&other));
        let types = |manifest: &Manifest| {
            manifest.references().map(|it| it.media_type.clone()).collect::<Vec<_>>()
        };
        prop_assert_eq!(types(&plain), types(&other));
    }

    #[test]
    fn strict_accepted_means_lenient_equal(
        json in document(),
        from in any::<proptest::sample::Index>(),
        length in 0_usize..12,
        with in prop_oneof![Just(""), Just("0"), Just("null"), Just("\""), Just("x"), Just(" "), Just("{}"), Just(",")],
    ) {
        let from = from.index(json.len());
        let bytes = damage(&json, from, (from + length).min(json.len()), with);
        for opaque_manifests in [false, true] {
            let limits = ManifestLimits { opaque_manifests, ..ManifestLimits::default() };
            if let Ok(manifest) = Manifest::from_pushed(&bytes, None, &limits) {
                let stored = Manifest::from_stored(&bytes, manifest.media_type()).unwrap();
                prop_assert_eq!(&stored, &manifest);
                for reference in manifest.references() {
                    let text = reference.digest.to_string();
                    prop_assert_eq!(text.parse::<Digest>().unwrap(), reference.digest);
                    prop_assert!(i64::try_from(reference.size).is_ok());
                }
                // Whoever reads it in Rust finds the same JSON.
                prop_assert!(serde_json::from_slice::<serde_json::Value>(&bytes).is_ok());
            }
        }
    }

    #[test]
    fn no_bytes_upset_either_reader(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
        let _ = strict(&bytes);
        let _ = Manifest::from_stored(&bytes, &MediaType::OCI_INDEX);
    }
}
