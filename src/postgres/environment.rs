//! Connection parameters from the environment, as Databricks Apps set it.

use super::{
    DEFAULT_DATABASE, LOGIN_LIMIT,
    info::{ConnectionInfo, Roots, TlsMode},
};
use crate::{
    api::{client::Lakebase, credential::CredentialCache, endpoint::Endpoint},
    auth::Env,
    error::{Error, ErrorKind, Result},
};

const ENDPOINT: &str = "LAKEBASE_ENDPOINT";
const ROOT_CERTIFICATE: &str = "PGSSLROOTCERT";

impl ConnectionInfo {
    /// Reads the connection parameters from the environment, with a client from the environment
    /// ([`Lakebase::from_env`]): in a Databricks App that has a database, this is all it takes.
    ///
    /// | variable | without it |
    /// |---|---|
    /// | `LAKEBASE_ENDPOINT`, the name of the endpoint | an error: credentials are generated for an endpoint |
    /// | `PGHOST` | the host of the endpoint, which is read |
    /// | `PGPORT` | the port of the endpoint, or 5432 where `PGHOST` is set |
    /// | `PGDATABASE` | `databricks_postgres` |
    /// | `PGUSER` | `DATABRICKS_CLIENT_ID`, else the caller's user name, which is read |
    /// | `PGSSLMODE`: `require`, `verify-ca`, `verify-full` | `verify-full` |
    /// | `PGSSLROOTCERT`, a file | the authority of the endpoint, else those that HTTP trusts |
    ///
    /// An empty variable counts as unset.
    ///
    /// ```no_run
    /// # async fn example() -> lakebase::Result<()> {
    /// let info = lakebase::ConnectionInfo::from_env().await?;
    /// println!("{}", info.url());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`Config`](ErrorKind::Config) when `LAKEBASE_ENDPOINT` is missing or a variable has a value that cannot be used;
    /// those of [`Lakebase::from_env`]; where host or user are read, the errors of
    /// [`Endpoint::wait_until_ready`] and of [any call](crate::builder::RawRequest#errors).
    pub async fn from_env() -> Result<Self> {
        let env = Env::process();
        // Before the client, whose login may take seconds.
        required(&env, ENDPOINT)?;
        Self::from_variables(&Lakebase::from_env().await?, &env).await
    }

    /// As [`from_env`](Self::from_env), with this client and these variables.
    ///
    /// # Errors
    ///
    /// Those of [`from_env`](Self::from_env), without those of a new client.
    pub async fn from_variables(client: &Lakebase, env: &Env) -> Result<Self> {
        let name = required(env, ENDPOINT)?;
        let endpoint = client.endpoint(name.as_str()).map_err(|error| wrong(ENDPOINT, &name, error))?;
        let tls = tls_mode(env)?;
        let port = port(env)?;
        let database = env.get("PGDATABASE").unwrap_or_else(|| DEFAULT_DATABASE.to_owned());
        let user = match env.get("PGUSER").or_else(|| env.get("DATABRICKS_CLIENT_ID")) {
            Some(user) => user,
            None => client.current_user().await?.user_name.clone(),
        };
        let mut info = match env.get("PGHOST") {
            Some(host) => Self::at(&endpoint, host, user, database, tls),
            None => {
                let ready = endpoint.wait_until_ready().await?;
                Self::of(&ready, user, database, tls, super::HostChoice::default())?
            }
        };
        info.port = port.unwrap_or(info.port);
        // The name for the store of the operating system, which is trusted anyway.
        let file = env.get(ROOT_CERTIFICATE).filter(|file| file != "system");
        info.ca_cert = file.map(Into::into).or(info.ca_cert);
        Ok(info)
    }

    fn at(endpoint: &Endpoint, host: String, user: String, database: String, tls: TlsMode) -> Self {
        Self {
            host,
            port: 5432,
            database,
            user,
            tls,
            ca_cert: None,
            pooled: false,
            cache: CredentialCache::new(endpoint),
            limit: LOGIN_LIMIT,
            endpoint_created: None,
            roots: Roots(endpoint.client().roots().into()),
        }
    }
}

fn required(env: &Env, name: &str) -> Result<String> {
    env.get(name).ok_or_else(|| {
        Error::new(
            ErrorKind::Config,
            format!(
                "the environment variable {name} is not set; set it to the name of an endpoint, such as \
                 projects/shop/branches/production/endpoints/primary, or begin with Lakebase::from_env and a branch"
            ),
        )
    })
}

fn wrong(name: &str, value: &str, source: Error) -> Error {
    let message = format!("the environment variable {name} has the value '{value}', which cannot be used");
    Error::new(ErrorKind::Config, message).with_source(source)
}

fn port(env: &Env) -> Result<Option<u16>> {
    let Some(text) = env.get("PGPORT") else { return Ok(None) };
    match text.parse() {
        Ok(port) if port > 0 => Ok(Some(port)),
        _ => Err(wrong("PGPORT", &text, Error::invalid("a port is a number from 1 to 65535"))),
    }
}

fn tls_mode(env: &Env) -> Result<TlsMode> {
    let Some(text) = env.get("PGSSLMODE") else { return Ok(TlsMode::default()) };
    match text.as_str() {
        "require" => Ok(TlsMode::Require),
        "verify-ca" => Ok(TlsMode::VerifyCa),
        "verify-full" => Ok(TlsMode::VerifyFull),
        _ => {
            let reason = "Lakebase accepts encrypted connections only: require, verify-ca or verify-full";
            Err(wrong("PGSSLMODE", &text, Error::invalid(reason)))
        }
    }
}
