//! Serves covers as PNG files, each drawn once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::{Answer, Web};
use crate::catalogue::cover;

/// Covers that were drawn, by id and size; bounded by the catalogue.
#[derive(Default)]
pub(super) struct Covers {
    drawn: Mutex<HashMap<(String, u32), Bytes>>,
}

#[derive(Deserialize)]
pub(super) struct Size {
    size: Option<String>,
}

/// `GET /covers/{id}.png?size=640|300|64`
pub(super) async fn cover(
    State(web): State<Arc<Web>>,
    Path(file): Path<String>,
    Query(Size { size }): Query<Size>,
) -> Response {
    let id = file.strip_suffix(".png").filter(|id| web.sim.catalogue().has_cover(id));
    let Some(id) = id.map(str::to_owned) else {
        return Answer::error(404, "There is no such cover").into_response();
    };
    let size = size.map_or(Some(300), |size| size.parse().ok());
    let Some(size) = size.filter(|size| cover::SIZES.contains(size)) else {
        return Answer::error(400, "size must be 640, 300 or 64").into_response();
    };
    match tokio::task::spawn_blocking(move || web.covers.get(id, size)).await {
        Ok(Some(png)) => {
            let cache = "public, max-age=86400, immutable";
            let headers = [(header::CONTENT_TYPE, "image/png"), (header::CACHE_CONTROL, cache)];
            (headers, png).into_response()
        }
        _ => Answer::error(500, "The cover could not be drawn").into_response(),
    }
}

impl Covers {
    fn get(&self, id: String, size: u32) -> Option<Bytes> {
        let key = (id, size);
        let drawn = || self.drawn.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(png) = drawn().get(&key) {
            return Some(png.clone());
        }
        let png = Bytes::from(cover::draw(&key.0, size).ok()?);
        drawn().insert(key, png.clone());
        Some(png)
    }
}
