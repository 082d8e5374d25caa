//! `pierhead user`, `team`, `project`, `share` and `trash`: what people type and read, and what
//! programs get.

#[path = "administer/lab.rs"]
mod lab;
#[path = "administer/many.rs"]
mod many;

use pierhead_tests::{ADMIN_PASSWORD, Api, Said, Server, ServerOptions, Shell, Tiny, Transcript};
use serde_json::Value;

/// A server that began with nothing but its operator.
struct Lab {
    server: Server,
    read: Transcript,
}

impl Lab {
    fn start() -> Self {
        // On loopback, the default lets everybody make an account.
        let config = "registration = \"invitation\"\n".to_owned();
        let server = Server::start(ServerOptions {
            config: Some(config),
            ..ServerOptions::default()
        });
        let read = Transcript::new(&server.host);
        Self { server, read }
    }

    /// The same with the accounts `ana`, who is certified, and `ben`, who is not.
    fn with_people() -> Self {
        let lab = Self::start();
        lab.add("ana", &["--certified"]);
        lab.add("ben", &[]);
        lab
    }

    fn add(&self, name: &str, more: &[&str]) {
        let mut words = vec!["user", "create", name, "--password-stdin"];
        words.extend(more);
        self.ask("admin", &words, &password(name)).expect(0);
    }

    /// Runs a command with nobody at the terminal.
    fn ask(&self, who: &str, words: &[&str], input: &str) -> Said {
        self.shell(who).run_with(words, input)
    }

    fn shell(&self, who: &str) -> Shell {
        let shell = Shell::at(&self.server).with("PIERHEAD_USER", who);
        shell.with("PIERHEAD_PASSWORD", &password(who))
    }

    /// Runs a command and keeps what it said.
    fn try_out(&mut self, who: &str, line: &str) {
        let words = words(line);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let said = self.ask(who, &words, "");
        self.read.add(who, line, &said.output());
    }

    fn try_all(&mut self, lines: &[(&str, &str)]) {
        for (who, line) in lines {
            self.try_out(who, line);
        }
    }

    /// One document, and nothing beside it.
    fn json(&self, who: &str, line: &str) -> Value {
        let mut words = words(line);
        words.push("--json".to_owned());
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let said = self.ask(who, &words, "").expect(0);
        assert_eq!(said.out.lines().count(), 1, "{line}: {}", said.out);
        serde_json::from_str(&said.out).expect("JSON and nothing else")
    }

    fn push(&self, who: &str, name: &str) -> u16 {
        let scope = format!("repository:{name}:pull,push");
        let api = Api::login(&self.server.host, who, &password(who), &[&scope]);
        Tiny::of(name).push(&api, name, "v1").status
    }
}

fn password(who: &str) -> String {
    match who {
        "admin" => ADMIN_PASSWORD.to_owned(),
        _ => format!("the password of {who}"),
    }
}

/// The words of a line; what is between quotes is one.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (at, part) in line.split('\'').enumerate() {
        if at % 2 == 1 {
            words.push(part.to_owned());
        } else {
            words.extend(part.split_whitespace().map(str::to_owned));
        }
    }
    words
}

#[test]
fn accounts_are_made_shown_changed_and_deleted() {
    let mut lab = Lab::with_people();
    lab.try_all(&[
        ("admin", "user create d.ia --email dia@example.org"),
        ("admin", "user create dia"),
        ("admin", "user create DIA"),
        ("admin", "user create 'no name'"),
        ("admin", "user create eve --password-stdin"),
        ("ana", "user create eve"),
        ("admin", "user list"),
        ("admin", "user list d"),
        ("admin", "user list z"),
        ("ana", "user list"),
        ("admin", "user show dia"),
        ("ana", "user show ana"),
        ("ana", "user show d_ia"),
        ("ana", "user show 3000002"),
        ("ana", "user show registered"),
        ("ana", "user show 3999999"),
        ("admin", "user certify ben nobody dia"),
        ("ana", "user certify ana"),
        ("admin", "user uncertify dia"),
        ("admin", "user promote ana"),
        ("ana", "user demote admin"),
        ("ana", "user demote ana"),
        ("admin", "user certify ben dia"),
        ("ana", "user promote admin"),
        ("admin", "user demote ana"),
        ("ana", "user show ana"),
        ("admin", "user disable ben"),
        ("ben", "user show ben"),
        ("admin", "user enable ben"),
        ("ben", "user show ben"),
        ("admin", "user password ben"),
        ("ben", "user password admin"),
        ("admin", "user uninvite 7"),
        ("ben", "user invite"),
        ("admin", "user delete dia"),
        ("ben", "user delete dia --yes"),
        ("admin", "user delete dia --yes"),
        ("admin", "user create dia"),
        ("ben", "project create Left"),
        ("ben", "user delete ben --yes"),
        ("ben", "user show ben"),
        ("admin", "user list"),
        ("admin", "project unmended"),
        ("admin", "share set syn1000000 ana administrator"),
        ("admin", "project unmended"),
        ("ana", "project list"),
    ]);
    lab.read.expect("user");
}

#[test]
fn passwords_are_changed_by_the_present_one_or_by_an_operator() {
    let lab = Lab::with_people();
    let change = |who: &str, words: &[&str], new: &str| lab.ask(who, words, &format!("{new}\n"));
    let own = ["user", "password", "--password-stdin"];
    change("ben", &own, "short").expect(2);
    change("ben", &own, "").expect(2);
    change("ben", &own, "another one for ben").expect(0);
    let api = Api::anonymous(&lab.server.host);
    let signs_in = |password: &str| api.token("ben", password, &[]).status == 200;
    assert!(!signs_in(&password("ben")) && signs_in("another one for ben"));

    let others = ["user", "password", "b.en", "--password-stdin", "--json"];
    let said = change("admin", &others, &password("ben")).expect(0);
    let account: Value = serde_json::from_str(&said.out).expect("JSON");
    assert_eq!(account["name"], "ben");
    assert!(signs_in(&password("ben")) && !signs_in("another one for ben"));
    for secret in ["another one for ben", "the password of ben"] {
        assert!(!said.out.contains(secret) && !said.err.contains(secret));
        assert!(!lab.server.log().contains(secret));
    }
}

#[test]
fn at_a_terminal_a_new_password_is_typed_twice_and_a_deletion_is_asked_about() {
    let lab = Lab::start();
    let admin = lab.shell("admin");
    let create = |again: &str| {
        let mut terminal = admin.terminal("pierhead user create gus");
        terminal.wait_for("new password of gus: ");
        terminal.types(&format!("{}\n", password("gus")));
        terminal.wait_for("again, new password of gus: ");
        terminal.types(&format!("{again}\n")).end()
    };
    let shown = create("something else");
    assert!(shown.contains("the two differ"), "{shown}");
    let shown = create(&password("gus"));
    assert!(shown.contains("gus is made"), "{shown}");
    assert!(!shown.contains(&password("gus")), "{shown}");
    assert_eq!(lab.json("gus", "user show gus")["name"], "gus");

    let delete = |answer: &str| {
        let mut terminal = admin.terminal("pierhead user delete gus");
        terminal.wait_for("Delete gus for good?").wait_for("[y/N] ");
        terminal.types(&format!("{answer}\n")).end()
    };
    let shown = delete("");
    assert!(shown.contains("nothing was changed"), "{shown}");
    let shown = delete("y");
    assert!(shown.contains("gus is deleted"), "{shown}");
}

#[test]
fn an_invitation_is_shown_once_and_used_once_or_taken_back() {
    let lab = Lab::with_people();
    let invite = ["user", "invite", "--expires", "3d"];
    let said = lab.ask("admin", &invite, "").expect(0);
    assert!(
        said.out.starts_with("phi_") && said.out.lines().count() == 1,
        "{}",
        said.out
    );
    assert!(!said.err.contains("phi_"), "{}", said.err);

    // Whoever has it makes an account with it, once.
    let invited = Shell::at(&lab.server).with("PIERHEAD_INVITATION", said.out.trim());
    let register = |name: &str| {
        let words = ["user", "register", name, "--password-stdin", "--json"];
        invited.run_with(&words, &password(name))
    };
    let made = register("gus").expect(0);
    let made: Value = serde_json::from_str(&made.out).expect("JSON");
    assert_eq!(made["name"], "gus");
    assert_eq!(lab.json("gus", "user show gus")["registered"], true);
    register("hal").expect(1);
    let uninvited = Shell::at(&lab.server);
    let words = ["user", "register", "hal", "--password-stdin"];
    uninvited.run_with(&words, &password("hal")).expect(1);
    let made = lab.json("admin", "user invite --email fay@example.org");
    let listed = lab.json("admin", "user invitations");
    let emails: Vec<_> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["email"])
        .collect();
    assert!(
        emails.contains(&&Value::from("fay@example.org")),
        "{listed}"
    );
    let line = format!("user uninvite {}", made["id"].as_str().unwrap());
    lab.json("admin", &line);
    assert_eq!(
        lab.json("admin", "user invitations"),
        Value::Array(Vec::new())
    );
}

#[test]
fn teams_are_made_filled_and_deleted() {
    let mut lab = Lab::with_people();
    lab.add("eve", &[]);
    lab.try_all(&[
        ("ana", "team create readers"),
        ("ben", "team create 'read.ers'"),
        ("ben", "team create ana"),
        ("ana", "team show readers"),
        ("ana", "team add readers ben E.VE nobody readers registered"),
        ("ben", "team add readers ben"),
        ("ben", "team show readers"),
        ("ana", "team promote readers ben"),
        ("ben", "team remove readers eve"),
        ("ben", "team demote readers ana"),
        ("ana", "team add readers eve"),
        ("ana", "team show readers --json"),
        ("ana", "team show ana"),
        ("ana", "team show public"),
        ("ana", "team list"),
        ("ana", "team list write"),
        ("ana", "user show ben"),
        ("ben", "team delete readers"),
        ("ana", "team delete readers --yes"),
        ("ben", "team delete readers --yes"),
        ("ben", "team show readers"),
    ]);
    lab.read.expect("team");
    let list = lab.json("ana", "team list");
    assert_eq!(list, Value::Array(Vec::new()));
}

#[test]
fn projects_are_made_shown_and_renamed() {
    let mut lab = Lab::with_people();
    lab.try_all(&[
        ("ana", "project list"),
        (
            "ana",
            "project create Odd --description 'all\u{1b}[2J of it'",
        ),
        (
            "ana",
            "project create 'Mouse: brain/2' --description 'all of it'",
        ),
        ("ana", "project create 2024"),
        ("ana", "project create ''"),
        ("ben", "project create Twice"),
        ("admin", "project create Twice"),
        ("ben", "project list"),
        ("ana", "project list"),
        ("ana", "project show 'Mouse: brain/2'"),
        ("ben", "project show 'Mouse: brain/2'"),
        ("ben", "project show syn1000000"),
        ("ana", "project show 2024"),
        ("ana", "project show 1000001"),
        ("ana", "project show SYN1000001"),
        ("admin", "project show Twice"),
        ("admin", "user promote ana"),
        ("ana", "project show Twice"),
        ("admin", "user demote ana"),
        ("ana", "project show syn1000001/tools"),
        ("ana", "project show http://r.example.org/syn1000001"),
        ("ana", "project rename syn1000001 Year"),
        ("ana", "project describe Year 'one year'"),
        ("ben", "project rename syn1000001 Mine"),
        ("ana", "project unmended"),
        ("admin", "project unmended"),
    ]);
    assert_eq!(lab.push("ana", "syn1000001/tools"), 201);
    lab.try_all(&[
        ("ana", "project show Year"),
        ("ana", "project show syn1000001/tools"),
        ("ana", "project describe syn1000001/tools 'what we use'"),
        ("ana", "project rename syn1000001/tools other"),
    ]);
    lab.read.expect("project");
    let shown = lab.json("ana", "project show Year");
    assert_eq!(shown["entity"]["description"], "one year");
    assert_eq!(shown["children"][0]["name"], "syn1000001/tools");
    assert_eq!(shown["acl"]["resourceAccess"][0]["principalId"], 3_000_001);
    assert_eq!(shown["permissions"]["canDelete"], true);
}

#[test]
fn sharing_is_shown_set_narrowed_and_inherited_again() {
    let mut lab = Lab::with_people();
    lab.add("eve", &["--certified"]);
    lab.json("ana", "project create Genomics");
    lab.json("ana", "team create readers");
    lab.json("ana", "team add readers ben");
    assert_eq!(lab.push("ana", "syn1000000/tools"), 201);
    let at_host = format!("share show {}/syn1000000/tools", lab.server.host);
    lab.try_all(&[
        ("ana", "share show Genomics"),
        ("ben", "share show Genomics"),
        (
            "ana",
            "share set Genomics readers can-download e.ve READ,UPDATE",
        ),
        ("ana", "share set syn1000000 readers can-edit"),
        ("ana", "share set syn1000000 readers can-edit"),
        ("ana", "share set syn1000000 readers"),
        ("ana", "share set syn1000000 readers can-fly"),
        ("ana", "share set syn1000000 nobody can-view"),
        ("ana", "share set syn1000000 ben can-view b.en can-edit"),
        ("ben", "share set syn1000000 ben administrator"),
        ("ana", "share show Genomics"),
        ("ana", "share show syn1000000/tools"),
        ("ben", &at_host),
        ("ana", "share set syn1000000/tools ben can-view"),
        ("ana", "share remove syn1000000/tools readers"),
        ("ana", "share inherit syn1000000/tools"),
        ("ana", "share inherit syn1000000"),
        ("ana", "share local syn1000000"),
        ("ben", "share local syn1000000/tools"),
        ("ana", "share local syn1000000/tools"),
        ("ana", "share local syn1000000/tools"),
        ("ana", "share remove syn1000000/tools readers"),
        ("ana", "share remove syn1000000/tools readers"),
        ("ana", "share show syn1000000/tools"),
        ("ben", "share show syn1000000/tools"),
        ("ana", "share set syn1000000 registered can-view"),
        ("ana", "share set syn1000000 registered can-download"),
        ("ana", "share set syn1000000 registered can-download --yes"),
        ("ana", "share set syn1000000 public can-download --yes"),
        ("ana", "share set syn1000000 public can-view"),
        ("ana", "share inherit syn1000000/tools"),
        ("ana", "share inherit syn1000000/tools --yes"),
        ("ana", "share remove Genomics ana --yes"),
        ("ana", "share set Genomics eve administrator"),
        ("ana", "share set Genomics ana can-view"),
        ("ana", "share set Genomics ana can-view --yes"),
        ("ana", "share set Genomics ana administrator"),
        ("eve", "share show syn1000000/tools"),
        ("ben", "project create Own"),
        ("ben", "project show Own"),
        ("ben", "share set Own registered can-download --yes"),
        ("ben", "share set Own ana READ,DELETE eve administrator"),
        ("ana", "project show Own"),
    ]);
    lab.read.expect("share");
    let list = lab.json("eve", "share show syn1000000/tools");
    assert_eq!(list["id"], "syn1000000", "whose list counts");
}

#[test]
fn what_is_put_into_the_trash_can_comes_back_by_its_name_or_goes_for_good() {
    let mut lab = Lab::with_people();
    lab.json("ana", "project create Genomics");
    for name in ["tools", "more", "third"] {
        assert_eq!(lab.push("ana", &format!("syn1000000/{name}")), 201);
    }
    lab.json("ana", "share set Genomics ben can-view");
    lab.try_all(&[
        ("ana", "trash list"),
        (
            "ana",
            "trash put syn1000000/tools syn1000000/none syn1000000/more",
        ),
        ("ben", "trash put syn1000000/third"),
        ("ana", "share show syn1000000/tools"),
        ("ana", "trash list"),
        ("ana", "trash list Genomics"),
        ("ben", "trash list"),
        ("ben", "trash list syn1000000"),
        ("ben", "trash restore syn1000000/tools"),
        ("ana", "trash restore syn1000000/tools syn1000000/third"),
        ("ana", "trash purge syn1000000/more"),
        ("ana", "trash purge syn1000000/third --yes"),
        ("ana", "trash purge syn1000000/more syn1000000/tools --yes"),
        ("ana", "trash purge syn1000000/more --yes"),
        ("ana", "trash put Genomics"),
        ("ana", "trash put Genomics"),
        ("ana", "project list"),
        ("ana", "trash list Genomics"),
        ("ana", "trash restore syn1000000/tools"),
        ("ana", "trash restore Genomics"),
        ("ana", "project show Genomics"),
        ("ana", "trash restore syn1999999"),
        (
            "ana",
            "trash put other.example.org/syn1 another.example.org/syn2",
        ),
    ]);
    lab.read.expect("trash");
    let put = lab.json("ana", "trash put syn1000000/third");
    assert_eq!(put[0]["name"], "syn1000000/third");
    let listed = lab.json("ana", "trash list");
    assert_eq!(listed[0]["entityName"], "syn1000000/third");
    assert_eq!(listed.as_array().unwrap().len(), 1);
}
