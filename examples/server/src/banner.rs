//! What whoever started the server reads first: where it is, and commands that work when pasted.

use std::fmt::Write as _;
use std::path::Path;

use pierhead::projects::Projects;
use pierhead::projects::listing::CatalogQuery;
use pierhead::projects::survey::{EntityFound, SurveyQuery};

use crate::admin::{self, Made};
use crate::provision::Provisioning;
use crate::settings::host_of;

/// Everything it says.
#[derive(Debug)]
pub(crate) struct Banner<'a> {
    /// Scheme, host and port for clients.
    pub(crate) url: &'a str,
    /// The data directory.
    pub(crate) data: &'a Path,
    /// A project to push to, such as `syn101`.
    pub(crate) project: Option<&'a str>,
    /// How this program was called, which is how its commands are.
    pub(crate) program: &'a str,
}

impl Banner<'_> {
    /// The text, for standard output.
    pub(crate) fn text(&self) -> String {
        let (url, host) = (self.url, host_of(self.url));
        let mut text = format!("\nPierhead serves {url} from {}\n", self.data.display());
        if let Some(project) = self.project {
            let (image, name) = (format!("{host}/{project}/hello"), admin::NAME);
            let _ = write!(
                text,
                "\nLog in:\n\n    docker login {host} -u {name}\n\
                 \nMake an image of one file, push it, pull it back:\n\n    \
                 tar -c -C / etc/hosts | docker import - hello\n    \
                 docker tag hello {image}\n    docker push {image}\n    docker pull {image}\n"
            );
        } else {
            let (program, name) = (self.program, admin::NAME);
            let _ = write!(
                text,
                "\nThere is no project to push to yet. In another terminal:\n\n    \
                 {program} login {url} --user {name}\n    {program} project create Genomics\n"
            );
        }
        text.push('\n');
        text
    }
}

/// Where the operator's password is to be had; empty when there is nothing to say. It is for
/// standard error, which is where somebody was looked for.
pub(crate) fn password(made: &Made) -> String {
    let name = admin::NAME;
    let account = format!("\nThe operator's account `{name}` was made");
    match made {
        Made::Before => String::new(),
        Made::Told => format!("{account} with the password told.\n"),
        // The one secret that is ever printed, and the one time it is.
        Made::Shown(password) => {
            format!(
                "{account}. Its password, shown this once:\n\n    {}\n",
                password.expose()
            )
        }
        Made::Left(path) => format!("{account}. Its password is in {}\n", path.display()),
    }
}

/// A project that can be pushed to: the first one the provisioning file names, else that of any
/// repository there is.
pub(crate) async fn project(
    projects: &Projects,
    provisioning: Option<&Provisioning>,
) -> Option<String> {
    let (ids, store) = (&projects.options().ids, projects.store());
    if let Some((id, name)) = provisioning.and_then(Provisioning::first_project) {
        let query = SurveyQuery {
            projects: id.and_then(|id| ids.parse(id).ok()).into_iter().collect(),
            project_names: name
                .filter(|_| id.is_none())
                .map(str::to_owned)
                .into_iter()
                .collect(),
            ..SurveyQuery::default()
        };
        let survey = store.survey(&query).await.ok()?;
        let by_id = survey.projects.into_iter().filter_map(|found| match found {
            EntityFound::Project(project) => Some(*project),
            _ => None,
        });
        let mut found = by_id.chain(survey.project_names.into_iter().flatten());
        let project = found.find(|project| project.trashed.is_none())?;
        return Some(ids.show(project.id).to_string());
    }
    let query = CatalogQuery {
        limit: 1,
        ..CatalogQuery::default()
    };
    let (_, found) = store.catalog(&query).await.ok()?.pop()?;
    let project = found.project?;
    Some(ids.show(project.id).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_pasted_names_the_real_host_and_project() {
        let banner = Banner {
            url: "http://127.0.0.1:5001",
            data: Path::new("pierhead-data"),
            project: Some("syn101"),
            program: "target/release/pierhead",
        };
        let text = banner.text();
        assert!(
            text.contains("\n    docker login 127.0.0.1:5001 -u admin\n"),
            "{text}"
        );
        assert!(
            text.contains("\n    docker push 127.0.0.1:5001/syn101/hello\n"),
            "{text}"
        );
        assert!(!text.contains("password"), "{text}");

        let text = Banner {
            project: None,
            ..banner
        }
        .text();
        assert!(
            text.contains(
                "\n    target/release/pierhead login http://127.0.0.1:5001 --user admin\n"
            ) && text.contains("project create")
                && !text.contains("docker push"),
            "{text}"
        );
    }

    #[test]
    fn a_made_up_password_is_shown_or_its_file_named() {
        let shown = password(&Made::Shown("s3cret-s3cret".into()));
        assert_eq!(shown.matches("s3cret-s3cret").count(), 1, "{shown}");
        let left = password(&Made::Left("d/admin-password".into()));
        assert!(
            left.contains("Its password is in d/admin-password\n"),
            "{left}"
        );
    }
}
