"""An independent witness: spotipy plays against default answers, unchanged but for its base addresses.

Arguments: the simulator's base address, and what the test knows about the catalogue as JSON.
"""

import json
import sys
from urllib.parse import parse_qs, urlparse

import requests
import spotipy
from spotipy.cache_handler import MemoryCacheHandler
from spotipy.oauth2 import SpotifyPKCE

BASE, KNOWN = sys.argv[1], json.loads(sys.argv[2])
SCOPES = (
    "user-read-playback-state user-modify-playback-state "
    "user-read-currently-playing user-read-recently-played"
)


class Pkce(SpotifyPKCE):
    OAUTH_AUTHORIZE_URL = BASE + "/authorize"
    OAUTH_TOKEN_URL = BASE + "/api/token"


def sign_in():
    auth = Pkce(
        client_id="app",
        redirect_uri="http://127.0.0.1:9/callback",
        scope=SCOPES,
        open_browser=False,
        cache_handler=MemoryCacheHandler(),
    )
    url = auth.get_authorize_url()
    there = requests.get(url + "&sim_user=anna", allow_redirects=False, timeout=10)
    code = parse_qs(urlparse(there.headers["location"]).query)["code"][0]
    auth.get_access_token(code, check_cache=False)
    return auth


def main():
    auth = sign_in()
    sp = spotipy.Spotify(auth_manager=auth, retries=0, status_retries=0)
    sp.prefix = BASE + "/v1/"

    assert sp.me()["id"] == "anna"
    assert sp.current_playback(additional_types="track,episode")["is_playing"] is False
    sp.start_playback(uris=KNOWN["uris"], position_ms=30_000)
    playing = sp.current_playback(additional_types="track,episode")
    assert playing["item"]["uri"] == KNOWN["uris"][0] and playing["progress_ms"] >= 30_000
    assert sp.currently_playing()["item"]["uri"] == KNOWN["uris"][0]
    sp.pause_playback()
    sp.seek_track(60_000)
    assert sp.current_playback()["progress_ms"] == 60_000
    try:
        sp.pause_playback()
        raise AssertionError("it is paused already")
    except spotipy.SpotifyException as refused:
        assert (refused.http_status, refused.reason) == (403, "UNKNOWN"), refused
    sp.start_playback()
    sp.repeat("context")
    sp.shuffle(True)
    sp.volume(20)
    state = sp.current_playback()
    shown = (state["repeat_state"], state["shuffle_state"], state["device"]["volume_percent"])
    assert shown == ("context", True, 20), shown
    sp.add_to_queue(KNOWN["queued"])
    assert sp.queue()["queue"][0]["uri"] == KNOWN["queued"]
    sp.next_track()
    assert sp.current_playback()["item"]["uri"] == KNOWN["queued"]
    sp.previous_track()
    laptop = sp.devices()["devices"][1]["id"]
    sp.transfer_playback(laptop)
    assert sp.current_playback()["device"]["id"] == laptop
    assert [entry["track"]["uri"] for entry in sp.current_user_recently_played()["items"]] == KNOWN["uris"][:1]

    assert sp.track(KNOWN["uris"][0])["uri"] == KNOWN["uris"][0]
    assert sp.album(KNOWN["album"])["tracks"]["total"] == KNOWN["album_tracks"]
    assert sp.album_tracks(KNOWN["album"])["total"] == KNOWN["album_tracks"]
    assert sp.artist(KNOWN["artist"])["type"] == "artist"
    assert sp.show(KNOWN["show"])["episodes"]["total"] > 0
    assert sp.episode(KNOWN["episode"])["uri"] == KNOWN["episode"]
    assert sp.playlist(KNOWN["playlist"])["items"]["total"] > 0
    found = sp.search("isrc:" + KNOWN["isrc"], limit=5, type="track")
    assert [track["uri"] for track in found["tracks"]["items"]] == KNOWN["uris"][:1]

    before = auth.cache_handler.get_cached_token()
    fresh = auth.refresh_access_token(before["refresh_token"])
    assert fresh["refresh_token"] == before["refresh_token"]
    assert fresh["access_token"] != before["access_token"]
    print("spotipy is content")


main()
