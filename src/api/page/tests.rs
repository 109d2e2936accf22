use super::*;
use crate::{
    api::project::ProjectInfo,
    http::script::{Script, ok},
};

async fn client(script: &std::sync::Arc<Script>) -> Lakebase {
    Lakebase::builder().host("https://ws.example").token("t0").exchange(script.clone()).build().await.unwrap()
}

fn names(projects: &[ProjectInfo]) -> Vec<&str> {
    projects.iter().map(|project| project.id().as_str()).collect()
}

#[tokio::test]
async fn a_list_is_one_stream_over_all_its_pages() {
    let pages = || {
        Script::steps(vec![
            ok(r#"{"projects":[{"name":"projects/a"}],"next_page_token":"1"}"#),
            ok(r#"{"projects":[],"next_page_token":"2","unknown":{"a":[1]}}"#),
            ok(r#"{"projects":[{"name":"projects/b"},{"name":"projects/c"}]}"#),
        ])
    };
    let (one, other) = (pages(), pages());
    let streamed: Vec<_> = client(&one).await.projects().page_size(1).stream().try_collect().await.unwrap();
    let collected = client(&other).await.projects().page_size(1).await.unwrap();
    for (found, script) in [(streamed, one), (collected, other)] {
        assert_eq!(names(&found), ["a", "b", "c"]);
        let asked: Vec<_> =
            script.sent().iter().map(|sent| sent.url.split('?').nth(1).unwrap().to_owned()).collect();
        assert_eq!(asked, ["page_size=1", "page_size=1&page_token=1", "page_size=1&page_token=2"]);
    }
}

#[tokio::test]
async fn the_next_page_is_fetched_when_its_first_item_is_asked_for() {
    let script = Script::steps(vec![
        ok(r#"{"projects":[{"name":"projects/a"}],"next_page_token":"1"}"#),
        ok(r#"{"projects":[{"name":"projects/b"}]}"#),
    ]);
    let mut projects = client(&script).await.projects().stream();
    assert_eq!(script.count(), 0);
    projects.try_next().await.unwrap().unwrap();
    assert_eq!(script.count(), 1);
    projects.try_next().await.unwrap().unwrap();
    assert_eq!(script.count(), 2);
    assert!(projects.try_next().await.unwrap().is_none());
    assert_eq!(script.count(), 2);
}

#[tokio::test]
async fn a_page_token_that_repeats_ends_the_list_with_an_error() {
    let script = Script::steps(vec![ok(r#"{"projects":[{"name":"projects/a"}],"next_page_token":"1"}"#)]);
    let client = client(&script).await;
    let seen: Vec<_> = client.projects().stream().collect().await;
    assert_eq!((seen.len(), script.count()), (2, 2));
    let error = seen[1].as_ref().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol);
    assert!(
        error.to_string().starts_with("listing projects: the service gave the same page token twice"),
        "{error}"
    );
    assert_eq!(client.projects().await.unwrap_err().kind(), ErrorKind::Protocol);
}

#[tokio::test]
async fn an_empty_page_may_lack_everything() {
    for empty in [
        "{}",
        r#"{"projects":null}"#,
        r#"{"projects":[],"next_page_token":null}"#,
        r#"{"next_page_token":""}"#,
    ] {
        assert_eq!(client(&Script::steps(vec![ok(empty)])).await.projects().await.unwrap(), [], "{empty}");
    }
}

#[tokio::test]
async fn an_item_that_cannot_be_read_is_named() {
    for (page, part) in [
        (
            r#"{"projects":[{"name":"projects/a"},{"name":"projects/b","create_time":"soon"}]}"#,
            "at projects[1].create_time: ",
        ),
        (r#"{"projects":[{"name":"projects/a"},{}]}"#, "at projects[1]: the field 'name' is missing"),
        (r#"{"projects":[{"name":"branches/a"}]}"#, "the field 'name' is no name: project name 'branches/a'"),
        (r#"{"projects":{"a":1}}"#, "at projects: invalid type: map, expected a list"),
        (r#"{"next_page_token":7}"#, "at next_page_token: invalid type: integer"),
        ("[]", "expected a page of a list"),
        (r#"{"projects":[]} x"#, "trailing characters"),
    ] {
        let error = client(&Script::steps(vec![ok(page)])).await.projects().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol);
        let text = error.to_string();
        assert!(text.starts_with("listing projects: the answer is not what the API promises"), "{text}");
        assert!(text.contains(part), "{part} is not in {text}");
    }
}
