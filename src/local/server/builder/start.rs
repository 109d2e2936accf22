//! The start of a local Lakebase with chosen options.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
};

use secrecy::SecretString;
use tokio::{net::TcpListener, sync::oneshot};
use url::Url;

use super::{LocalLakebaseBuilder, STATE_FILE, WantedVersion};
use crate::local::{
    Durability,
    account::FileWorkers,
    api,
    control::{Control, ControlOptions, SparePolicy, make_room},
    engine::{Engine, EngineOptions, PgVersion},
    gateway::{AddressPolicy, Authority},
    server::{BranchCopies, LocalError, LocalLakebase, Running, data_dir::Lock, descriptors, record::Record},
    token::TokenSigner,
};

impl LocalLakebaseBuilder {
    /// The directory of PostgreSQL's programs: as given, else as the environment says.
    pub(in crate::local::server) fn chosen_pg_bin(&self) -> Option<PathBuf> {
        self.pg_bin.clone().or_else(default_pg_bin)
    }

    pub(super) async fn start_with(self, dir: PathBuf, lock: Lock) -> Result<LocalLakebase, LocalError> {
        descriptors::raise_limit();
        let state = dir.join(STATE_FILE);
        let free = move || {
            make_room(&state);
            Ok::<_, LocalError>(())
        };
        FileWorkers::privileged().run(free).await?;
        // Bound first, so that a taken address fails before anything starts.
        let (listener, address) = listen(self.listen).await?;
        let keys = dir.clone();
        let load = move || {
            Authority::load_or_create(&keys)
                .map_err(|error| LocalError::start("make the certificate authority", error))
        };
        let authority = FileWorkers::privileged().run(load).await?;
        let ca_cert = authority.certificate_file().to_owned();
        let engine = self.engine(&dir).await?;
        let version = self.version(&engine).await?;
        let copies = engine.clone_method().map_or(BranchCopies::Unknown, Into::into);
        let control = self.control(&dir, engine, version, authority).await?;
        let secrets = Arc::clone(&control);
        let token = FileWorkers::privileged().run(move || api_token(&secrets)).await?;
        let host = Url::parse(&format!("http://{address}"))
            .map_err(|error| LocalError::start("name the host", error))?;
        let record = Record {
            host: host.clone(),
            token: token.clone(),
            user: self.user,
            ca_cert,
            pid: std::process::id(),
            pg_version: version.to_string(),
            copies,
        };
        record.write(&dir).await?;
        let (stop, stopped) = oneshot::channel::<()>();
        let router = api::router(Arc::clone(&control), token, host);
        // The server stops when the sender is dropped.
        let server = tokio::spawn(api::serve(listener, router, async move { drop(stopped.await) }));
        let runtime = tokio::runtime::Handle::current();
        let running = Running { control, server, stop: Some(stop), runtime, lock: Arc::new(lock) };
        Ok(LocalLakebase { record, data_dir: dir, running: Some(running) })
    }

    async fn engine(&self, dir: &Path) -> Result<Engine, LocalError> {
        let options = EngineOptions {
            root: dir.to_owned(),
            pg_bin: self.chosen_pg_bin(),
            pg_user: self.pg_user.clone(),
            durability: self.durability,
            progress: None,
            history_budget: self.history_budget,
        };
        Ok(Engine::open(options).await?)
    }

    fn spare_policy(&self) -> SparePolicy {
        let default = match self.durability {
            Durability::Full => 0,
            Durability::Fast => 1,
        };
        let per_source = self.spares.unwrap_or(default);
        let always = self.spare_for_each_branch;
        SparePolicy { per_source: if always { per_source.max(1) } else { per_source }, always }
    }

    async fn version(&self, engine: &Engine) -> Result<PgVersion, LocalError> {
        Ok(match self.pg_version {
            WantedVersion::Only(major) => engine.resolve_version(Some(major)).await?,
            WantedVersion::Preferred(major) => engine.prefer_version(major).await?,
        })
    }

    async fn control(
        &self,
        dir: &Path,
        engine: Engine,
        version: PgVersion,
        authority: Authority,
    ) -> Result<Arc<Control>, LocalError> {
        let control = Control::open(ControlOptions {
            state_file: dir.join(STATE_FILE),
            sync: self.durability == Durability::Full,
            engine,
            authority,
            addresses: AddressPolicy::default(),
            user: self.user.clone(),
            pg_version: version.major,
            latency: self.latency,
            idle_time_scale: self.idle_time_scale,
            credential_time_scale: self.credential_time_scale,
            limits: self.limits,
            spares: self.spare_policy(),
        });
        control.await.map_err(|error| LocalError::start("open the state", error))
    }
}

async fn listen(address: SocketAddr) -> Result<(TcpListener, SocketAddr), LocalError> {
    let bind = async |address| {
        let listener = TcpListener::bind(address).await?;
        let bound = listener.local_addr()?;
        Ok::<_, std::io::Error>((listener, bound))
    };
    match bind(address).await {
        Ok(listening) => Ok(listening),
        Err(source) => {
            let free = bind(SocketAddr::new(address.ip(), 0)).await.ok().map(|(_, free)| free);
            Err(LocalError::Listen { address, free, source })
        }
    }
}

fn default_pg_bin() -> Option<PathBuf> {
    std::env::var_os("LAKEBASE_PG_BIN").filter(|dir| !dir.is_empty()).map(PathBuf::from)
}

/// Generated once per data directory, so that clients configured with it keep working.
fn api_token(control: &Control) -> Result<SecretString, LocalError> {
    let key = TokenSigner::generate_key().map_err(|error| LocalError::start("make a token", error))?;
    let make = || format!("lakebase-{}", key.iter().map(|byte| format!("{byte:02x}")).collect::<String>());
    control
        .secret("api-token", make)
        .map(SecretString::from)
        .map_err(|error| LocalError::start("keep the token", error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_a_spare_unless_everything_is_flushed_or_another_number_is_asked_for() {
        let spares = |builder: LocalLakebaseBuilder| builder.spare_policy().per_source;
        let fast = LocalLakebaseBuilder::default().durability(Durability::Fast);
        assert_eq!(spares(fast.clone()), 1);
        assert_eq!(spares(LocalLakebaseBuilder::default()), 0);
        assert_eq!(spares(LocalLakebaseBuilder::default().spares(2)), 2);
        assert_eq!(spares(fast.clone().spares(0)), 0);
        assert!(fast.spares(0).spare_for_each_branch().spare_policy().always);
    }
}
