//! The `cover:` scheme: pictures for the window, which itself contacts nothing.

use tauri::http::header::{CACHE_CONTROL, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use tauri::http::{Request, Response, StatusCode};
use tauri::{Manager, UriSchemeContext, UriSchemeResponder, Wry, async_runtime};
use tutti_app::{Cover, Program};

/// Answers `cover://localhost/KEY`.
pub fn answer(context: UriSchemeContext<'_, Wry>, request: Request<Vec<u8>>, responder: UriSchemeResponder) {
    let program = context.app_handle().state::<Program>().inner().clone();
    let key = request.uri().path().trim_start_matches('/').to_owned();
    async_runtime::spawn(async move { responder.respond(response(program.cover(&key).await)) });
}

fn response(cover: Option<Cover>) -> Response<Vec<u8>> {
    let response = Response::builder().header(X_CONTENT_TYPE_OPTIONS, "nosniff");
    let response = match cover {
        Some(cover) => response.header(CONTENT_TYPE, cover.mime).header(CACHE_CONTROL, "no-store").body(cover.bytes),
        None => response.status(StatusCode::NOT_FOUND).body(Vec::new()),
    };
    response.unwrap_or_default()
}
