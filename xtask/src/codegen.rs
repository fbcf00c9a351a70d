//! `cargo xtask codegen`: the contract in TypeScript, written or compared.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::command::{cargo, output, root};

/// The file that is generated, from the root.
const FILE: &str = "ui/src/generated/api.ts";

/// Writes the file, or with `check` fails if it differs. `printer` is the built program that prints it, if there is one.
pub fn codegen(check: bool, printer: Option<&Path>) -> Result<()> {
    let mut print = match printer {
        Some(printer) => Command::new(printer),
        None => cargo(&["run", "--quiet", "--package", "tutti-app", "--example", "codegen"]),
    };
    let wanted = output(&mut print)?;
    let file = root().join(FILE);
    let present = fs::read_to_string(&file).unwrap_or_default();
    match difference(&present, &wanted) {
        None => Ok(()),
        Some(line) if check => {
            bail!("{FILE} is not what the contract says (first at line {line}): run `cargo xtask codegen`")
        }
        Some(_) => {
            fs::create_dir_all(file.parent().expect("the file is in a folder"))
                .context("the folder of the generated file")?;
            fs::write(&file, wanted).with_context(|| format!("{FILE} could not be written"))?;
            println!("wrote {FILE}");
            Ok(())
        }
    }
}

/// The first line (from 1) in which two texts differ.
fn difference(present: &str, wanted: &str) -> Option<usize> {
    if present == wanted {
        return None;
    }
    let same = present.lines().zip(wanted.lines()).take_while(|(present, wanted)| present == wanted).count();
    Some(same + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drifted_file_is_told_by_its_first_other_line() {
        assert_eq!(difference("a\nb\n", "a\nb\n"), None);
        assert_eq!(difference("a\nb\n", "a\nc\n"), Some(2));
        assert_eq!(difference("a\n", "a\nb\n"), Some(2));
        assert_eq!(difference("a\nb", "a\nb\n"), Some(3));
    }
}
