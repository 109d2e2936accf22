//! The `Connect` of `deadpool-postgres`: each connection of a pool logs in with a fresh password.

use std::{
    fmt, io,
    pin::Pin,
    task::{Context, Poll},
};

use deadpool_postgres::{Connect, Manager, ManagerConfig};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    task::JoinHandle,
};
use tokio_postgres::{Client, Config, NoTls, config::SslMode};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::{
    error::{Error, Result},
    postgres::{info::ConnectionInfo, login::LoginFailure},
};

type Connected = Result<(Client, JoinHandle<()>), tokio_postgres::Error>;

/// Opens the connections of a `deadpool-postgres` pool as
/// [`connect_tokio_postgres`](ConnectionInfo::connect_tokio_postgres) does.
///
/// ```no_run
/// # async fn example(branch: lakebase::Branch) -> Result<(), Box<dyn std::error::Error>> {
/// use lakebase::deadpool_postgres::{ManagerConfig, Pool};
///
/// let info = branch.connection_info().await?;
/// let pool = Pool::builder(info.deadpool_manager(ManagerConfig::default())?).max_size(20).build()?;
/// let one: i32 = pool.get().await?.query_one("select 1", &[]).await?.get(0);
/// # let _ = one;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct LakebaseConnect {
    info: ConnectionInfo,
    tls: MakeRustlsConnect,
}

impl LakebaseConnect {
    /// The connections of this description.
    ///
    /// # Errors
    ///
    /// Those of [`ConnectionInfo::rustls_connector`].
    pub fn new(info: &ConnectionInfo) -> Result<Self> {
        Ok(Self { info: info.clone(), tls: info.rustls_connector()? })
    }
}

impl ConnectionInfo {
    /// The manager for a `deadpool-postgres` pool, see [`LakebaseConnect`].
    ///
    /// # Errors
    ///
    /// Those of [`rustls_connector`](Self::rustls_connector).
    pub fn deadpool_manager(&self, config: ManagerConfig) -> Result<Manager> {
        let connect = LakebaseConnect::new(self)?;
        Ok(Manager::from_connect(self.tokio_postgres_config_without(), connect, config))
    }
}

impl Connect for LakebaseConnect {
    /// Logs in by the description; `config` is the one that [`ConnectionInfo::deadpool_manager`] made of it.
    fn connect(&self, config: &Config) -> Pin<Box<dyn Future<Output = Connected> + Send + '_>> {
        let _ = config;
        Box::pin(async move {
            let failure =
                match self.info.log_in_unexplained(self.info.tokio_postgres_attempt(&self.tls)).await {
                    Ok((client, connection)) => {
                        let task = tokio::spawn(async move {
                            if let Err(error) = connection.await {
                                tracing::debug!(%error, "a connection of the pool ended");
                            }
                        });
                        return Ok((client, task));
                    }
                    Err(failure) => failure,
                };
            match failure {
                LoginFailure::Driver(error) | LoginFailure::TooLate(Some(error)) => Err(error),
                failure => fail(self.info.explain(failure)).await,
            }
        })
    }
}

impl fmt::Debug for LakebaseConnect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LakebaseConnect").field("info", &self.info).finish_non_exhaustive()
    }
}

/// Fails with this error in the driver's type, which has no constructor: a stream that breaks with the error makes one.
async fn fail(error: Error) -> Connected {
    let mut config = Config::new();
    config.user("none").ssl_mode(SslMode::Disable);
    let (client, connection) = config.connect_raw(Broken(Some(error)), NoTls).await?;
    Ok((client, tokio::spawn(async move { drop(connection) })))
}

/// A stream that breaks with an error at the first use.
struct Broken(Option<Error>);

impl Broken {
    fn error(&mut self) -> io::Error {
        self.0.take().map_or_else(|| io::ErrorKind::BrokenPipe.into(), io::Error::other)
    }
}

impl AsyncRead for Broken {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, _: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Err(self.error()))
    }
}

impl AsyncWrite for Broken {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, _: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Err(self.error()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use super::*;
    use crate::error::ErrorKind;

    #[tokio::test]
    async fn an_error_that_is_none_of_the_driver_keeps_its_text() {
        let error = fail(Error::new(ErrorKind::NotFound, "there is no such endpoint")).await.err().unwrap();
        let cause = error.source().and_then(|cause| cause.downcast_ref::<io::Error>()).unwrap();
        let own = cause.get_ref().and_then(|own| own.downcast_ref::<Error>()).unwrap();
        assert_eq!(own.kind(), ErrorKind::NotFound);
    }
}
