//! Images to push: a Debian root file system, small builds, and a multi-platform layout.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::SystemTime;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

use crate::tools::root;
use crate::{IMAGE_MANIFEST, run, tool};

/// A Debian root file system as a tar archive of about 200 MB. It is made with debootstrap, which
/// needs root and a Debian mirror, and kept in `target/tools` for the next run.
pub fn debian() -> PathBuf {
    static ONE: Mutex<()> = Mutex::new(());
    let _one = ONE
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    let tools = root().join("target/tools");
    let archive = tools.join("debian-bookworm.tar");
    if !archive.is_file() {
        let folder = TempDir::new_in(&tools).expect("target/tools is there; run scripts/test");
        let tree = folder.path().join("root");
        let made = run(tool("debootstrap")
            .args(["--variant=minbase", "bookworm"])
            .arg(&tree));
        made.expect_ok("debootstrap");
        let half = folder.path().join("half.tar");
        let packed = run(tool("tar")
            .arg("-C")
            .arg(&tree)
            .args(["--numeric-owner", "-cf"])
            .arg(&half)
            .arg("."));
        packed.expect_ok("tar");
        // Nobody sees half an archive.
        fs::rename(&half, &archive).expect("both are in target/tools");
    }
    archive
}

/// A folder for `docker build`: from scratch, a base layer, and above it a static program that
/// prints `says`. Two folders with the same `base` differ in their second layer alone.
pub fn scratch_build(folder: &Path, base: &str, says: &str) {
    fs::create_dir_all(folder).expect("a scratch directory");
    // Large enough that uploading it again would not go unnoticed, and no easy prey to gzip.
    let mut bytes = Vec::new();
    for part in 0..8192_u32 {
        bytes.extend_from_slice(&Sha256::digest(format!("{base} {part}")));
    }
    fs::write(folder.join("base"), bytes).expect("a scratch file");
    let source = format!("#include <stdio.h>\nint main(void) {{ puts(\"{says}\"); return 0; }}\n");
    fs::write(folder.join("hello.c"), source).expect("a scratch file");
    let mut compile = tool("cc");
    compile
        .args(["-static", "-Os", "-s", "-o"])
        .arg(folder.join("hello"));
    run(compile.arg(folder.join("hello.c"))).expect_ok("cc");
    // A file's time is part of its layer.
    for name in ["base", "hello"] {
        let file = fs::File::options()
            .append(true)
            .open(folder.join(name))
            .expect("just made");
        file.set_modified(SystemTime::UNIX_EPOCH)
            .expect("a file of ours");
    }
    let steps = "FROM scratch\nCOPY base /base\nCOPY hello /hello\nCMD [\"/hello\"]\n";
    fs::write(folder.join("Dockerfile"), steps).expect("a scratch file");
}

/// An image, or the index of two for two platforms, as an OCI layout on disk.
#[derive(Clone, Debug)]
pub struct Layout {
    /// The layout's folder.
    pub path: PathBuf,
    /// The digest of what the layout's tag names: the index, or the only image.
    pub index: String,
    /// The digests of the images; of two, amd64 comes first.
    pub images: Vec<String>,
}

impl Layout {
    /// Writes a layout whose index is called `tag`. Layers hold `says`, and are shared by all
    /// layouts that say the same.
    pub fn write(path: &Path, tag: &str, says: &str) -> Self {
        let mut layout = Self::empty(path);
        let base = layout.layer("base", &format!("the base of {says}\n"));
        let mut images = Vec::new();
        for architecture in ["amd64", "arm64"] {
            let own = layout.layer("says", &format!("{says}, on {architecture}\n"));
            let config = layout.add(
                "application/vnd.oci.image.config.v1+json",
                &json!({
                    "architecture": architecture,
                    "os": "linux",
                    "config": {},
                    "rootfs": { "type": "layers", "diff_ids": [base.0, own.0] },
                }),
            );
            let mut image = layout.image(&config, &[base.1.clone(), own.1]);
            layout.images.push(text(&image["digest"]));
            image["platform"] = json!({ "architecture": architecture, "os": "linux" });
            images.push(image);
        }
        let media_type = "application/vnd.oci.image.index.v1+json";
        let both = json!({ "schemaVersion": 2, "mediaType": media_type, "manifests": images });
        let index = layout.add(media_type, &both);
        layout.close(index, tag);
        layout
    }

    /// Writes a layout of one image with so many layers, none of which unpacks.
    pub fn of_layers(path: &Path, tag: &str, count: usize) -> Self {
        let mut layout = Self::empty(path);
        let layers: Vec<Value> = (0..count)
            .map(|number| layout.keep("text/plain", format!("layer {number}\n").as_bytes()))
            .collect();
        let config = layout.add("application/vnd.oci.empty.v1+json", &json!({}));
        let image = layout.image(&config, &layers);
        layout.images.push(text(&image["digest"]));
        layout.close(image, tag);
        layout
    }

    fn empty(path: &Path) -> Self {
        fs::create_dir_all(path.join("blobs/sha256")).expect("a scratch directory");
        fs::write(path.join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#).expect("a file");
        Self {
            path: path.to_owned(),
            index: String::new(),
            images: vec![],
        }
    }

    /// Writes down what the tag names.
    fn close(&mut self, mut named: Value, tag: &str) {
        self.index = text(&named["digest"]);
        named["annotations"] = json!({ "org.opencontainers.image.ref.name": tag });
        let top = json!({ "schemaVersion": 2, "manifests": [named] });
        fs::write(self.path.join("index.json"), top.to_string()).expect("a scratch file");
    }

    /// The bytes of one of its blobs.
    pub fn blob(&self, digest: &str) -> Vec<u8> {
        fs::read(self.blob_path(digest)).expect("a blob of the layout")
    }

    fn blob_path(&self, digest: &str) -> PathBuf {
        self.path.join("blobs").join(digest.replace(':', "/"))
    }

    /// A compressed layer with one file: the digest of what it unpacks to, and its descriptor.
    fn layer(&self, name: &str, says: &str) -> (String, Value) {
        let folder = TempDir::new().expect("a scratch directory");
        fs::write(folder.path().join(name), says).expect("a scratch file");
        let mut pack = tool("tar");
        pack.args([
            "--format=ustar",
            "--mtime=@0",
            "--owner=0",
            "--group=0",
            "--mode=0644",
            "-C",
        ]);
        let archive = folder.path().join("layer.tar");
        run(pack.arg(folder.path()).arg("-cf").arg(&archive).arg(name)).expect_ok("tar");
        let unpacked = digest(&fs::read(&archive).expect("the archive"));
        run(tool("gzip").args(["--no-name", "-9"]).arg(&archive)).expect_ok("gzip");
        let packed = fs::read(archive.with_extension("tar.gz")).expect("the packed archive");
        (
            unpacked,
            self.keep("application/vnd.oci.image.layer.v1.tar+gzip", &packed),
        )
    }

    fn image(&self, config: &Value, layers: &[Value]) -> Value {
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": IMAGE_MANIFEST,
            "config": config,
            "layers": layers,
        });
        self.add(IMAGE_MANIFEST, &manifest)
    }

    fn add(&self, media_type: &str, document: &Value) -> Value {
        self.keep(media_type, document.to_string().as_bytes())
    }

    fn keep(&self, media_type: &str, bytes: &[u8]) -> Value {
        let digest = digest(bytes);
        fs::write(self.blob_path(&digest), bytes).expect("a scratch file");
        json!({ "mediaType": media_type, "digest": digest, "size": bytes.len() })
    }
}

/// The digest of some bytes, as the protocol writes it.
pub fn digest(bytes: &[u8]) -> String {
    format!("sha256:{}", hex::encode(Sha256::digest(bytes)))
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
