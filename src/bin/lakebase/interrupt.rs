//! Ctrl-C: one listener for the whole program, so that no press is lost between two waits.

use std::io;

use tokio::sync::Semaphore;

/// The presses that nothing has answered yet.
static PRESSES: Semaphore = Semaphore::const_new(0);

/// Counts the presses from now on. Ctrl-C does not end the process by itself any more.
pub(crate) fn listen() -> io::Result<()> {
    #[cfg(unix)]
    let mut pressed = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::interrupt())?;
    #[cfg(windows)]
    let mut pressed = tokio::signal::windows::ctrl_c()?;
    tokio::spawn(async move {
        while pressed.recv().await.is_some() {
            PRESSES.add_permits(1);
        }
    });
    Ok(())
}

/// Waits for a press, and answers it. One that came before counts.
pub(crate) async fn pressed() {
    // The semaphore is never closed.
    if let Ok(press) = PRESSES.acquire().await {
        press.forget();
    }
}

/// Whether there was a press since the last one that was answered; it is answered by that.
pub(crate) fn was_pressed() -> bool {
    PRESSES.try_acquire().map(|press| press.forget()).is_ok()
}
