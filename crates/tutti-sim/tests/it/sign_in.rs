//! Signing in, refreshing, and every way in which that fails.

use reqwest::Method;
use reqwest::header::WWW_AUTHENTICATE;

use crate::server::{CALLBACK, Server, VERIFIER, query_of};

#[tokio::test]
async fn a_user_who_is_named_agrees_at_once_and_the_state_comes_back() {
    let server = Server::ideal().await;
    let answer = server.authorize(&[("sim_user", "ben")]).await;
    assert_eq!(answer.status(), 303);
    assert!(answer.headers()["location"].to_str().unwrap().starts_with(CALLBACK));
    assert_eq!(query_of(&answer, "state").as_deref(), Some("a&b"));
    assert!(query_of(&answer, "code").is_some());
    let (_, me) = server.sign_in("ben").await.get("/v1/me").await;
    assert_eq!((&me["id"], &me["display_name"]), (&"ben".into(), &"Ben".into()));
    assert_eq!(me["account_id"].as_str().unwrap().len(), 10);
    assert!(me.get("product").is_none() && me.get("email").is_none());
}

#[tokio::test]
async fn the_consent_page_shows_the_accounts_and_cancel_goes_back_with_an_error() {
    let server = Server::ideal().await;
    let page = server.authorize(&[("client_id", "<b>app")]).await;
    assert_eq!(page.status(), 200);
    let html = page.text().await.unwrap();
    assert!(html.contains("Chiara") && html.contains("Agree") && html.contains("Cancel"));
    assert!(html.contains("&lt;b&gt;app") && !html.contains("<b>app"));
    let answer = server.authorize(&[("sim_user", "ben"), ("sim_decision", "cancel")]).await;
    assert_eq!(query_of(&answer, "error").as_deref(), Some("access_denied"));
    assert_eq!(query_of(&answer, "state").as_deref(), Some("a&b"));
    assert_eq!(query_of(&answer, "code"), None);
}

#[tokio::test]
async fn an_app_that_asks_wrongly_is_told_so_and_not_redirected() {
    let server = Server::ideal().await;
    let cases = [
        (("client_id", ""), "INVALID_CLIENT: Invalid client"),
        (("redirect_uri", ""), "INVALID_CLIENT: Invalid redirect URI"),
        (("redirect_uri", "http://localhost:9/callback"), "INVALID_CLIENT: Insecure redirect URI"),
        (("response_type", "token"), "response_type must be code"),
        (("code_challenge_method", "plain"), "code_challenge_method must be S256"),
        (("code_challenge", "short"), "code_challenge must be 43 characters long"),
        (("sim_user", "zoe"), "There is no account \"zoe\" here."),
    ];
    for (change, words) in cases {
        let answer = server.authorize(&[change]).await;
        assert_eq!(answer.status(), 400, "{change:?}");
        assert_eq!(answer.text().await.unwrap(), words);
    }
}

#[tokio::test]
async fn a_custom_scheme_is_a_redirect_too() {
    let server = Server::ideal().await;
    let changes = [("redirect_uri", "tutti://callback"), ("sim_user", "anna")];
    let answer = server.authorize(&changes).await;
    assert!(answer.headers()["location"].to_str().unwrap().starts_with("tutti://callback?code="));
}

#[tokio::test]
async fn a_code_works_once_and_only_with_what_it_was_asked_for() {
    let server = Server::ideal().await;
    let exchange = async |code: &str, redirect_uri: &str, verifier: &str| {
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", redirect_uri),
            ("client_id", "app"),
            ("code_verifier", verifier),
        ];
        server.token(&form).await
    };
    let code = async || query_of(&server.authorize(&[("sim_user", "anna")]).await, "code").unwrap();

    let (status, error) = exchange(&code().await, "http://127.0.0.1:8/callback", VERIFIER).await;
    assert_eq!((status, &error["error"]), (400, &"invalid_grant".into()));
    assert_eq!(error["error_description"], "Invalid redirect URI");
    let (_, error) = exchange(&code().await, CALLBACK, "not-the-verifier").await;
    assert_eq!(error["error_description"], "code_verifier was incorrect");
    let good = code().await;
    let (status, tokens) = exchange(&good, CALLBACK, VERIFIER).await;
    assert_eq!((status, &tokens["expires_in"]), (200, &3600.into()));
    assert_eq!(tokens["token_type"], "Bearer");
    let (status, error) = exchange(&good, CALLBACK, VERIFIER).await;
    assert_eq!((status, &error["error"]), (400, &"invalid_grant".into()));
}

#[tokio::test]
async fn a_refresh_brings_a_new_access_token_and_no_refresh_token() {
    let server = Server::ideal().await;
    let account = server.sign_in("anna").await;
    let form = [("grant_type", "refresh_token"), ("refresh_token", account.refresh.as_str()), ("client_id", "app")];
    let (status, tokens) = server.token(&form).await;
    assert_eq!(status, 200);
    assert!(tokens.get("refresh_token").is_none());
    let fresh = tokens["access_token"].as_str().unwrap();
    assert_ne!(fresh, account.access);
    let answer = server.request(Method::GET, "/v1/me").bearer_auth(fresh).send().await.unwrap();
    assert_eq!(answer.status(), 200);
}

#[tokio::test]
async fn incomplete_token_requests_have_oauths_errors() {
    let server = Server::ideal().await;
    let error = async |form: &[(&str, &str)]| {
        let (status, body) = server.token(form).await;
        assert_eq!(status, 400);
        body["error"].as_str().unwrap().to_owned()
    };
    assert_eq!(error(&[("grant_type", "refresh_token")]).await, "invalid_client");
    let app = ("client_id", "app");
    assert_eq!(error(&[app]).await, "invalid_request");
    assert_eq!(error(&[app, ("grant_type", "password")]).await, "unsupported_grant_type");
    assert_eq!(error(&[app, ("grant_type", "refresh_token")]).await, "invalid_request");
    let unknown = [app, ("grant_type", "refresh_token"), ("refresh_token", "x")];
    assert_eq!(error(&unknown).await, "invalid_grant");
    let (status, body) = server.post_json("/api/token", r#"{"grant_type": "x"}"#).await;
    assert_eq!((status, &body["error"]), (400, &"invalid_request".into()));
}

#[tokio::test]
async fn a_revoked_account_has_no_valid_token_left() {
    let server = Server::ideal().await;
    let (anna, ben) = (server.sign_in("anna").await, server.sign_in("ben").await);
    let (status, _) = server.post_json("/_sim/accounts/anna/revoke", "").await;
    assert_eq!(status, 204);
    let answer = anna.request(Method::GET, "/v1/me/player").send().await.unwrap();
    assert_eq!(answer.status(), 401);
    let challenge = answer.headers()[WWW_AUTHENTICATE].to_str().unwrap().to_owned();
    assert!(challenge.contains("invalid_token"), "{challenge}");
    let form = [("grant_type", "refresh_token"), ("refresh_token", anna.refresh.as_str()), ("client_id", "app")];
    let (status, error) = server.token(&form).await;
    assert_eq!((status, &error["error"]), (400, &"invalid_grant".into()));
    assert_eq!(ben.get("/v1/me/player").await.0, 200);
}

#[tokio::test]
async fn a_missing_token_and_a_missing_scope_are_told_apart() {
    let server = Server::ideal().await;
    let answer = server.request(Method::GET, "/v1/me/player").send().await.unwrap();
    assert_eq!(answer.status(), 401);
    assert!(answer.headers()[WWW_AUTHENTICATE].to_str().unwrap().contains("missing_token"));
    let reader = server.sign_in_with("anna", "user-read-playback-state").await;
    assert_eq!(reader.get("/v1/me/player").await.0, 200);
    let (status, error) = reader.send(Method::PUT, "/v1/me/player/pause", "").await;
    assert_eq!((status, &error["error"]["message"]), (403, &"Insufficient client scope".into()));
}
