//! What is in a file, who may read it, and how many there are.

use std::os::unix::fs::PermissionsExt as _;

use super::*;

const SERVER: &str = "https://registry.example.org";

fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(1_800_000_000_007)
}

/// A message as the projects make it: asked for by somebody, sent by their own future.
fn message() -> Message {
    use pierhead::projects::{AccountRequest, Actor, Projects, ProjectsOptions, ThreadOffload};
    use std::sync::{Arc, Mutex};

    #[derive(Debug, Default)]
    struct Kept(Mutex<Vec<Message>>);
    #[async_trait]
    impl Mailer for Kept {
        async fn send(&self, message: &Message) -> Result<(), MailError> {
            self.0.lock().expect("no panic").push(message.clone());
            Ok(())
        }
    }
    let kept = Arc::new(Kept::default());
    let rows = pierhead::sqlite::SqliteStore::open_temporary().expect("a database");
    let rows = Arc::new(rows);
    let key = pierhead::auth::token::SigningKey::generate().expect("randomness");
    let projects = Projects::new(
        rows.clone(),
        rows,
        pierhead::auth::token::KeyRing::new(key),
        ProjectsOptions::new(SERVER, "registry.example.org").with_mailer(kept.clone()),
        Arc::new(pierhead::registry::TokioClock),
        Arc::new(ThreadOffload),
    );
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.expect("a runtime").block_on(async {
        let name = "ana".parse().expect("a name");
        let server = Actor::system("test");
        let request = AccountRequest::default();
        let made = projects.create_account(&server, &name, request).await;
        let ana = Actor::account(
            made.expect("an account"),
            &pierhead::registry::Peer::default(),
        );
        let email = "ana@example.org".parse().expect("an address");
        projects.ask_email(&ana, &email).await.expect("it is asked");
        projects.send_mail().await.expect("it is sent");
    });
    let message = kept.0.lock().expect("no panic").pop();
    message.expect("a message")
}

fn from() -> Email {
    "registry@example.org".parse().expect("an address")
}

#[test]
fn a_message_is_one_that_mail_programs_read() {
    let message = message();
    let secret = message.secret.clone().expect("a secret");
    let text = written(&message, &from(), SERVER, "1800000000007-0", now());
    let (head, body) = text.split_once("\r\n\r\n").expect("head and body");
    assert_eq!(
        head,
        "From: Pierhead <registry@example.org>\r\n\
         To: <ana@example.org>\r\n\
         Subject: Confirm your e-mail address\r\n\
         Date: 15 Jan 2027 08:00:00 +0000\r\n\
         Message-ID: <1800000000007-0@example.org>\r\n\
         MIME-Version: 1.0\r\n\
         Content-Type: text/plain; charset=utf-8\r\n\
         Content-Transfer-Encoding: 8bit\r\n\
         Auto-Submitted: auto-generated"
    );
    assert!(body.contains(&format!("\r\n    {}\r\n", secret.expose())));
    assert!(body.contains("`ana` at https://registry.example.org\r\n"));
    assert!(text.is_ascii());
    assert_eq!(text.matches('\n').count(), text.matches("\r\n").count());
    assert_eq!(text.matches('\r').count(), text.matches("\r\n").count());
    assert!(text.lines().all(|line| line.len() < 200));
}

#[test]
fn a_message_is_a_file_that_nobody_else_reads() {
    let scratch = tempfile::tempdir().expect("a scratch directory");
    let directory = scratch.path().join("data/mail");
    let mailer = FileMailer::open(directory.clone(), None, SERVER.to_owned()).expect("a mailer");
    let message = message();
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let sent = runtime.expect("a runtime").block_on(mailer.send(&message));
    sent.expect("it is sent");
    let mode = |path: &Path| {
        let found = fs::metadata(path).expect("it is there");
        found.permissions().mode() & 0o777
    };
    assert_eq!(mode(&directory), 0o700);
    let files: Vec<_> = fs::read_dir(&directory)
        .expect("a directory")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    assert_eq!(files.len(), 1, "{files:?}");
    assert_eq!(files[0].extension(), Some("eml".as_ref()));
    assert_eq!(mode(&files[0]), 0o600);
    let text = fs::read_to_string(&files[0]).expect("a text");
    assert!(text.starts_with("From: Pierhead <pierhead@localhost>\r\nTo: <ana@example.org>\r\n"));
}

#[test]
fn what_is_no_address_for_mail_stands_in_no_header() {
    let scratch = tempfile::tempdir().expect("a scratch directory");
    let directory = scratch.path().to_owned();
    let mailer = FileMailer::open(directory, None, SERVER.to_owned()).expect("a mailer");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime");
    for to in ["a,b@c", "<a@b>", "\u{212a}@b", "a\\b@c"] {
        let mut message = message();
        message.to = to.parse().expect("an address of a kind");
        let sent = runtime.block_on(mailer.send(&message));
        assert!(matches!(sent, Err(MailError::Refused(_))), "{to}: {sent:?}");
    }
    let left = fs::read_dir(scratch.path()).expect("a directory").count();
    assert_eq!(left, 0);
}

#[test]
fn there_are_so_many_at_most_and_foreign_files_are_nobody_s_business() {
    let scratch = tempfile::tempdir().expect("a scratch directory");
    let files = Files {
        directory: scratch.path().to_owned(),
        most: 3,
    };
    let foreign = scratch.path().join("thesis.eml");
    fs::write(&foreign, "").expect("a scratch file");
    let put = |at: SystemTime| files.put(&name(at).expect("randomness"), "text", at);
    for _ in 0..3 {
        put(SystemTime::now()).expect("there is room");
    }
    let error = put(SystemTime::now()).expect_err("it is full").to_string();
    assert!(error.starts_with("3 messages wait in "), "{error}");
    // What has waited longer than it was good for makes room, and nothing else.
    let later = SystemTime::now() + KEPT + Duration::from_secs(60);
    put(later).expect("there is room again");
    assert_eq!(files.ours().expect("a directory").len(), 1);
    assert!(foreign.exists());
}

#[test]
fn a_directory_into_which_others_write_is_refused() {
    let scratch = tempfile::tempdir().expect("a scratch directory");
    let open = || FileMailer::open(scratch.path().to_owned(), None, SERVER.to_owned());
    for (mode, good) in [(0o755, true), (0o770, false), (0o757, false), (0o700, true)] {
        fs::set_permissions(scratch.path(), fs::Permissions::from_mode(mode)).expect("ours");
        assert_eq!(open().is_ok(), good, "{mode:o}");
    }
    let file = scratch.path().join("file");
    fs::write(&file, "").expect("a scratch file");
    let error = FileMailer::open(file, None, SERVER.to_owned()).expect_err("a file");
    assert!(error.to_string().contains("cannot be used"), "{error}");
}
