//! Rules about what runs elsewhere: nothing of it runs here, so what can be read of it is held.

use saphyr::{LoadableYamlNode as _, Yaml};

use super::tree::Tree;

const FOLDER: &str = ".github/workflows/";

pub fn workflows_hold(tree: &Tree) -> Vec<String> {
    tree.below(FOLDER, &[".yml", ".yaml"]).flat_map(|(path, text)| of_workflow(tree, path, text)).collect()
}

fn of_workflow(tree: &Tree, path: &str, text: &str) -> Vec<String> {
    let documents = match Yaml::load_from_str(text) {
        Ok(documents) => documents,
        Err(error) => return vec![format!("{path}: not YAML: {error}")],
    };
    let jobs = documents.first().and_then(|document| document.as_mapping_get("jobs")).and_then(Yaml::as_mapping);
    let Some(jobs) = jobs else { return vec![format!("{path}: has no jobs")] };
    let steps = jobs.values().flat_map(|job| job.as_mapping_get("steps").and_then(Yaml::as_vec).into_iter().flatten());
    let mut breaches = Vec::new();
    for step in steps {
        let text = |name: &str| step.as_mapping_get(name).and_then(Yaml::as_str);
        match (text("uses"), text("run")) {
            (Some(action), None) if !is_pinned(action) => breaches.push(format!("{path}: {action} can become another")),
            (Some(_), None) => {}
            (None, Some(script)) => breaches.extend(
                script.lines().filter_map(|line| wrong(tree, line).map(|why| format!("{path}: {line}: {why}"))),
            ),
            _ => breaches.push(format!("{path}: a step that neither runs nor uses anything")),
        }
    }
    breaches
}

/// By the whole hash of a commit: a name or a version can be moved.
fn is_pinned(action: &str) -> bool {
    let hash = action.split_once('@').map_or("", |(_, at)| at.split_whitespace().next().unwrap_or_default());
    hash.len() == 40 && hash.chars().all(|digit| digit.is_ascii_hexdigit())
}

/// What is wrong with a line of a script: a task that is not understood, a script that is not there.
fn wrong(tree: &Tree, line: &str) -> Option<String> {
    let line = line.trim();
    if let Some((_, words)) = line.split_once("cargo xtask ") {
        let words = filled(words);
        let words: Vec<&str> =
            words.split_whitespace().take_while(|word| !["&&", "||", "|", ";"].contains(word)).collect();
        return crate::understood(&words).err().map(|why| why.lines().next().unwrap_or_default().to_owned());
    }
    let program = line.split_whitespace().next().unwrap_or_default();
    let ours = program.starts_with('.') && program.contains('/');
    (ours && !tree.files.contains_key(program.trim_start_matches("./"))).then(|| format!("there is no {program}"))
}

/// What a workflow fills in is one word here.
fn filled(words: &str) -> String {
    let mut rest = words;
    let mut filled = String::new();
    while let Some((before, (_, after))) =
        rest.split_once("${{").and_then(|(before, inside)| Some((before, inside.split_once("}}")?)))
    {
        filled.push_str(before);
        filled.push_str("word");
        rest = after;
    }
    filled + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tree::with;

    fn breaches(steps: &str) -> Vec<String> {
        let text = format!("name: ci\njobs:\n  one:\n    runs-on: here\n    steps:\n{steps}");
        workflows_hold(&with(&[(".github/workflows/ci.yml", &text), (".ci/run", "")]))
    }

    #[test]
    fn an_action_that_can_become_another_is_seen() {
        assert_eq!(breaches("      - uses: a/b@34e114876b0b11c390a56381ad16ebd13914f8d5 # v4\n"), [""; 0]);
        for action in ["a/b@v4", "a/b@main", "a/b", "a/b@34e1148"] {
            assert_eq!(breaches(&format!("      - uses: {action}\n")).len(), 1, "{action}");
        }
    }

    #[test]
    fn a_task_that_is_not_there_is_seen_and_so_is_a_script() {
        let run = |line: &str| breaches(&format!("      - run: |\n          {line}\n")).len();
        for line in [
            "cargo xtask test",
            "cargo xtask test --only tidy --only fmt",
            "cargo xtask dist ${{ matrix.bundles }}",
            "cd x && cargo xtask tidy && echo done",
            ".ci/run",
            "./.ci/run --long",
            "cargo build --workspace",
        ] {
            assert_eq!(run(line), 0, "{line}");
        }
        for line in [
            "cargo xtask tset",
            "cargo xtask test --only tydy",
            "cargo xtask dist --bundles ${{ matrix.bundles }}",
            ".ci/walk",
        ] {
            assert_eq!(run(line), 1, "{line}");
        }
    }

    #[test]
    fn what_is_no_workflow_is_seen() {
        let of = |text: &str| workflows_hold(&with(&[(".github/workflows/x.yml", text)])).len();
        assert_eq!(of("jobs: [\n"), 1);
        assert_eq!(of("name: x\n"), 1);
        assert_eq!(breaches("      - name: nothing\n").len(), 1);
    }
}
