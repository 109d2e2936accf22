//! Few descriptors and few processes: what does not fit is refused for what it is, and all goes on once there is room.

use std::time::Duration;

use crate::support::{
    child::LIMIT,
    directory::directory,
    fixture::{number, run},
    serve::Serve,
};
use lakebase::Expiry;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_out_of_descriptors_answers_again_once_connections_are_closed() {
    let directory = directory();
    let data = directory.path().join("data");
    let serve = Serve::start_limited(&data, "ulimit -n 96");
    let lakebase = serve.client().await;
    let project = lakebase.create_project("shop").await.unwrap();
    let main = project.default_branch().await.unwrap();
    run(&main, "CREATE TABLE item AS SELECT 7::bigint AS n").await;
    let address = serve.text("host").trim_start_matches("http://").trim_end_matches('/').to_owned();
    let mut silent = Vec::new();
    for _ in 0..200 {
        let connecting = tokio::net::TcpStream::connect(&address);
        if let Ok(Ok(stream)) = tokio::time::timeout(Duration::from_secs(1), connecting).await {
            silent.push(stream);
        }
    }
    drop(silent);
    let again = tokio::time::timeout(LIMIT, async {
        project.create_branch("b", Expiry::Never).await.unwrap();
        assert_eq!(number(&main, "SELECT n FROM item").await, 7);
    });
    again.await.expect("the server answers");
    super::crash::end(serve, &data);
}
