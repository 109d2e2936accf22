//! Large amounts at once: one side that does not read holds up the other, and nothing is lost.

use std::sync::atomic::AtomicUsize;

use super::*;

/// Far more than all buffers on the way together.
const MUCH: usize = 100 * 1024 * 1024;

fn piece(number: usize) -> Vec<u8> {
    vec![(number % 251) as u8; 64 * 1024]
}

/// Writes `MUCH`, and counts the bytes accepted so far.
async fn pour(mut into: impl AsyncWrite + Unpin, taken: Arc<AtomicUsize>) {
    for number in 0..MUCH / piece(0).len() {
        into.write_all(&piece(number)).await.unwrap();
        taken.fetch_add(piece(0).len(), Ordering::SeqCst);
    }
    into.flush().await.unwrap();
}

async fn expect_much(from: &mut (impl AsyncRead + Unpin)) {
    let mut got = vec![0; piece(0).len()];
    for number in 0..MUCH / got.len() {
        from.read_exact(&mut got).await.unwrap();
        assert!(got == piece(number), "piece {number} came through changed");
    }
}

/// Waits until nothing more is taken and says how much was.
async fn standstill(taken: &AtomicUsize) -> usize {
    loop {
        let before = taken.load(Ordering::SeqCst);
        tokio::time::sleep(Duration::from_millis(100)).await;
        if before > 0 && taken.load(Ordering::SeqCst) == before {
            return before;
        }
    }
}

#[tokio::test]
async fn a_client_that_does_not_read_holds_up_its_compute_and_then_gets_everything() {
    let fixture = Fixture::new();
    let (mut client, compute, _session) = in_conversation(&fixture).await;
    let taken = Arc::new(AtomicUsize::new(0));
    let (from_compute, to_client) = tokio::io::split(compute);
    let pouring = tokio::spawn(pour(to_client, taken.clone()));
    let held = standstill(&taken).await;
    assert!(held < 4 * 1024 * 1024, "{held} bytes were taken for a client that reads none");
    expect_much(&mut client).await;
    pouring.await.unwrap();
    drop(from_compute);
}

#[tokio::test]
async fn a_compute_that_does_not_read_holds_up_its_client_and_then_gets_everything() {
    let fixture = Fixture::new();
    let (client, mut compute, _session) = in_conversation(&fixture).await;
    let taken = Arc::new(AtomicUsize::new(0));
    let (_from_compute, to_compute) = tokio::io::split(client);
    let pouring = tokio::spawn(pour(to_compute, taken.clone()));
    let held = standstill(&taken).await;
    assert!(held < 4 * 1024 * 1024, "{held} bytes were taken for a compute that reads none");
    expect_much(&mut compute).await;
    pouring.await.unwrap();
}

#[tokio::test]
async fn messages_sent_without_waiting_arrive_in_order_both_ways() {
    let fixture = Fixture::new();
    let (client, compute, _session) = in_conversation(&fixture).await;
    let (mut from_compute, mut to_compute) = tokio::io::split(client);
    let (mut from_client, mut to_client) = tokio::io::split(compute);
    let echo = tokio::spawn(async move { tokio::io::copy(&mut from_client, &mut to_client).await });
    let sending = tokio::spawn(async move {
        for number in 0..20_000_u32 {
            to_compute.write_all(&number.to_be_bytes()).await.unwrap();
        }
        to_compute.flush().await.unwrap();
        to_compute
    });
    for number in 0..20_000 {
        assert_eq!(from_compute.read_u32().await.unwrap(), number);
    }
    sending.await.unwrap();
    echo.abort();
}
