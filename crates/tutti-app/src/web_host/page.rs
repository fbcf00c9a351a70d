//! The window's own files, as built into the program.

use std::path::Path as FilePath;

use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use rust_embed::utils::read_file_from_fs;
use rust_embed::{EmbeddedFile, RustEmbed};

use crate::texts::t;

#[derive(RustEmbed)]
#[folder = "../../ui/dist"]
#[allow_missing = true]
struct Files;

/// The same folder on the computer that built the program.
const BUILT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../ui/dist");

pub(super) async fn index() -> Response {
    serve("index.html").unwrap_or_else(not_built)
}

pub(super) async fn file(Path((_, file)): Path<(String, String)>) -> Response {
    serve(&file).unwrap_or_else(|| (StatusCode::NOT_FOUND, t("web.nothing", &[])).into_response())
}

fn serve(name: &str) -> Option<Response> {
    // In a debug build the files are read from the disk: nothing beside them may be.
    let plain = FilePath::new(name).components().all(|part| matches!(part, std::path::Component::Normal(_)));
    let file = plain.then(|| Files::get(name).or_else(|| later(FilePath::new(BUILT), name))).flatten()?;
    let mime = file.metadata.mimetype().to_owned();
    let mime = if mime.starts_with("text/") { format!("{mime}; charset=utf-8") } else { mime };
    Some(([(header::CONTENT_TYPE, mime)], file.data).into_response())
}

/// A debug build that was made before them looked for their folder in vain, and nothing makes it anew.
fn later(folder: &FilePath, name: &str) -> Option<EmbeddedFile> {
    cfg!(debug_assertions).then(|| read_file_from_fs(&folder.join(name)).ok()).flatten()
}

fn not_built() -> Response {
    let words = t("web.not_built", &[]);
    (StatusCode::SERVICE_UNAVAILABLE, [(header::CONTENT_TYPE, "text/plain; charset=utf-8")], words).into_response()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn nothing_beside_the_windows_files_is_served() {
        for name in ["../package.json", "/etc/passwd", "assets/../../package.json", "./../src/main.ts", ""] {
            assert!(serve(name).is_none(), "{name}");
        }
    }

    #[test]
    #[cfg(debug_assertions)]
    fn files_that_were_built_after_the_program_are_served_by_a_debug_build() {
        let dist = tempfile::tempdir().unwrap();
        assert!(later(dist.path(), "index.html").is_none());

        std::fs::write(dist.path().join("index.html"), "<!doctype html>").unwrap();

        let file = later(dist.path(), "index.html").unwrap();
        assert_eq!((&*file.data, file.metadata.mimetype()), (&b"<!doctype html>"[..], "text/html"));
    }

    #[test]
    fn without_its_files_the_page_says_how_to_build_them() {
        assert_eq!(not_built().status(), StatusCode::SERVICE_UNAVAILABLE);
        assert!(t("web.not_built", &[]).contains("cargo xtask demo"));
    }
}
