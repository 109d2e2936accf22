//! Settings of the Databricks tools: name in files and code, environment variables, kind of authorization.

/// A setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[rustfmt::skip]
pub(crate) enum Key {
    Host, ClusterId, WarehouseId, ServerlessComputeId, MetadataServiceUrl, AccountId, WorkspaceId, GroupId, Token,
    Username, Password, Profile, ConfigFile, GoogleServiceAccount, GoogleCredentials, AzureResourceId,
    AzureUseMsi, AzureClientSecret, AzureClientId, AzureTenantId, AzureEnvironment, AzureLoginAppId, ClientId,
    ClientSecret, OidcTokenEnv, OidcTokenFile, ActionsUrl, ActionsToken, CliPath, AuthType, Scopes, Audience,
    DiscoveryUrl, Cloud, SkipVerify, HttpTimeout, RetryTimeout, RateLimit, TruncateBytes, DebugHeaders,
    NoRefreshToken, NoAsyncRefresh, CallbackPort,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Secret,
    Bool,
    Integer,
}

#[derive(Debug)]
pub(super) struct Attribute {
    pub(super) key: Key,
    /// In code and files; the first one is shown.
    pub(super) names: &'static [&'static str],
    /// In order of precedence.
    pub(super) variables: &'static [&'static str],
    /// The kind of authorization that this setting belongs to; two kinds at once are a conflict.
    pub(super) group: &'static str,
    pub(super) kind: Kind,
    /// Whether error messages leave it out.
    pub(super) internal: bool,
}

const fn shown(
    key: Key,
    names: &'static [&'static str],
    variables: &'static [&'static str],
    group: &'static str,
    kind: Kind,
) -> Attribute {
    Attribute { key, names, variables, group, kind, internal: false }
}

const fn hidden(
    key: Key,
    names: &'static [&'static str],
    variables: &'static [&'static str],
    kind: Kind,
) -> Attribute {
    Attribute { key, names, variables, group: "", kind, internal: true }
}

use Kind::{Bool, Integer, Secret, Text};

/// In the order in which error messages list them.
#[rustfmt::skip]
pub(super) const ATTRIBUTES: &[Attribute] = &[
    shown(Key::Host, &["host"], &["DATABRICKS_HOST"], "", Text),
    shown(Key::ClusterId, &["cluster_id"], &["DATABRICKS_CLUSTER_ID"], "", Text),
    shown(Key::WarehouseId, &["warehouse_id"], &["DATABRICKS_WAREHOUSE_ID"], "", Text),
    shown(Key::ServerlessComputeId, &["serverless_compute_id"], &["DATABRICKS_SERVERLESS_COMPUTE_ID"], "", Text),
    shown(Key::MetadataServiceUrl, &["metadata_service_url"], &["DATABRICKS_METADATA_SERVICE_URL"], "metadata-service", Secret),
    shown(Key::AccountId, &["account_id"], &["DATABRICKS_ACCOUNT_ID"], "", Text),
    shown(Key::WorkspaceId, &["workspace_id"], &["DATABRICKS_WORKSPACE_ID"], "", Text),
    shown(Key::GroupId, &["group_id"], &["DATABRICKS_GROUP_ID"], "", Text),
    shown(Key::Token, &["token"], &["DATABRICKS_TOKEN"], "pat", Secret),
    shown(Key::Username, &["username"], &["DATABRICKS_USERNAME"], "basic", Text),
    shown(Key::Password, &["password"], &["DATABRICKS_PASSWORD"], "basic", Secret),
    shown(Key::Profile, &["profile"], &["DATABRICKS_CONFIG_PROFILE"], "", Text),
    shown(Key::ConfigFile, &["config_file"], &["DATABRICKS_CONFIG_FILE"], "", Text),
    shown(Key::GoogleServiceAccount, &["google_service_account"], &["DATABRICKS_GOOGLE_SERVICE_ACCOUNT"], "google", Text),
    shown(Key::GoogleCredentials, &["google_credentials"], &["GOOGLE_CREDENTIALS"], "google", Secret),
    shown(Key::AzureResourceId, &["azure_workspace_resource_id"], &["DATABRICKS_AZURE_RESOURCE_ID"], "azure", Text),
    shown(Key::AzureUseMsi, &["azure_use_msi"], &["ARM_USE_MSI"], "azure", Bool),
    shown(Key::AzureClientSecret, &["azure_client_secret"], &["ARM_CLIENT_SECRET"], "azure", Secret),
    shown(Key::AzureClientId, &["azure_client_id"], &["ARM_CLIENT_ID"], "azure", Text),
    shown(Key::AzureTenantId, &["azure_tenant_id"], &["ARM_TENANT_ID"], "azure", Text),
    shown(Key::AzureEnvironment, &["azure_environment"], &["ARM_ENVIRONMENT"], "", Text),
    shown(Key::AzureLoginAppId, &["azure_login_app_id"], &["DATABRICKS_AZURE_LOGIN_APP_ID"], "azure", Text),
    shown(Key::ClientId, &["client_id"], &["DATABRICKS_CLIENT_ID"], "oauth", Text),
    shown(Key::ClientSecret, &["client_secret"], &["DATABRICKS_CLIENT_SECRET"], "oauth", Secret),
    shown(Key::OidcTokenEnv, &["oidc_token_env"], &["DATABRICKS_OIDC_TOKEN_ENV"], "env-oidc", Text),
    shown(Key::OidcTokenFile, &["databricks_id_token_filepath", "oidc_token_filepath"],
        &["DATABRICKS_OIDC_TOKEN_FILEPATH", "DATABRICKS_OIDC_TOKEN_FILE"], "file-oidc", Text),
    shown(Key::ActionsUrl, &["actions_id_token_request_url"], &["ACTIONS_ID_TOKEN_REQUEST_URL"], "", Secret),
    shown(Key::ActionsToken, &["actions_id_token_request_token"], &["ACTIONS_ID_TOKEN_REQUEST_TOKEN"], "", Secret),
    shown(Key::CliPath, &["databricks_cli_path"], &["DATABRICKS_CLI_PATH"], "", Text),
    hidden(Key::AuthType, &["auth_type"], &["DATABRICKS_AUTH_TYPE"], Text),
    hidden(Key::Scopes, &["scopes"], &[], Text),
    hidden(Key::Audience, &["audience", "token_audience"], &["DATABRICKS_TOKEN_AUDIENCE"], Text),
    hidden(Key::DiscoveryUrl, &["discovery_url"], &["DATABRICKS_DISCOVERY_URL"], Text),
    hidden(Key::Cloud, &["cloud"], &["DATABRICKS_CLOUD"], Text),
    hidden(Key::SkipVerify, &["skip_verify"], &[], Bool),
    hidden(Key::HttpTimeout, &["http_timeout_seconds"], &[], Integer),
    hidden(Key::RetryTimeout, &["retry_timeout_seconds"], &[], Integer),
    hidden(Key::RateLimit, &["rate_limit"], &["DATABRICKS_RATE_LIMIT"], Integer),
    hidden(Key::TruncateBytes, &["debug_truncate_bytes"], &["DATABRICKS_DEBUG_TRUNCATE_BYTES"], Integer),
    hidden(Key::DebugHeaders, &["debug_headers"], &["DATABRICKS_DEBUG_HEADERS"], Bool),
    hidden(Key::NoRefreshToken, &["disable_oauth_refresh_token"], &["DATABRICKS_DISABLE_OAUTH_REFRESH_TOKEN"], Bool),
    hidden(Key::NoAsyncRefresh, &["disable_async_token_refresh"], &["DATABRICKS_DISABLE_ASYNC_TOKEN_REFRESH"], Bool),
    hidden(Key::CallbackPort, &["oauth_callback_port"], &["DATABRICKS_OAUTH_CALLBACK_PORT"], Integer),
];

impl Key {
    /// The setting of this name in code and files.
    pub(crate) fn named(name: &str) -> Option<Self> {
        ATTRIBUTES.iter().find(|attribute| attribute.names.contains(&name)).map(|attribute| attribute.key)
    }

    pub(super) fn attribute(self) -> &'static Attribute {
        // The table is in the order of the enum, which a test holds it to.
        &ATTRIBUTES[self as usize]
    }

    pub(crate) fn name(self) -> &'static str {
        self.attribute().names[0]
    }
}
