//! The shared parts of the Azure logins: addresses, the tenant, the second token.

use reqwest::{Method, header::HeaderName};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use url::Url;

use super::{attributes::Key, context::Context, host::Host, oauth, token::Token};
use crate::{
    error::{Error, ErrorKind, Result},
    http::{decode, plain, retry::Limits, transport::Transport},
};

const MANAGEMENT_TOKEN: HeaderName = HeaderName::from_static("x-databricks-azure-sp-management-token");
const RESOURCE_ID: HeaderName = HeaderName::from_static("x-databricks-azure-workspace-resource-id");

/// An Azure cloud: public, US Government or China.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct AzureEnvironment {
    pub(super) login: String,
    pub(super) resource_manager: String,
    pub(super) service_management: String,
}

impl AzureEnvironment {
    pub(super) fn of(context: &Context) -> Result<Self> {
        let name = context.get(Key::AzureEnvironment).unwrap_or("PUBLIC").to_ascii_uppercase();
        let (login, manager, service) = match name.as_str() {
            "PUBLIC" | "AZUREPUBLICCLOUD" => {
                ("login.microsoftonline.com", "management.azure.com", "management.core.windows.net")
            }
            "USGOVERNMENT" | "AZUREUSGOVERNMENT" => (
                "login.microsoftonline.us",
                "management.usgovcloudapi.net",
                "management.core.usgovcloudapi.net",
            ),
            "CHINA" | "AZURECHINACLOUD" => {
                ("login.chinacloudapi.cn", "management.chinacloudapi.cn", "management.core.chinacloudapi.cn")
            }
            _ => {
                let message = format!("azure_environment is '{name}'; it is PUBLIC, USGOVERNMENT or CHINA");
                return Err(Error::new(ErrorKind::Config, message));
            }
        };
        let address = |host: &str| format!("https://{host}/");
        Ok(Self {
            login: address(login),
            resource_manager: address(manager),
            service_management: address(service),
        })
    }
}

/// The application that tokens for Databricks are issued for.
pub(super) fn login_app(host: &Url) -> &'static str {
    let name = host.host_str().unwrap_or_default();
    if name.ends_with(".staging.azuredatabricks.net") {
        "4a67d088-db5c-48f1-9ff2-0aace800ae68"
    } else if name.ends_with(".dev.azuredatabricks.net") {
        "62a912ac-b58e-4c1d-89ea-b2dbfc7358fc"
    } else {
        "2ff814a6-3304-4ab8-85cb-cd0e6f879c1d"
    }
}

/// The tenant that a workspace belongs to: where its login page redirects to. `None` if it does not say.
pub(super) async fn tenant(transport: &Transport, host: &Url) -> Option<String> {
    let url = host.join("/aad/auth").ok()?;
    let request = transport.request(Method::GET, url);
    let answer = plain::send(transport, request, Limits::BEST_EFFORT).await.ok()?;
    let target = Url::parse(answer.header("location")?).ok()?;
    let tenant = target.path_segments()?.next()?;
    (!tenant.is_empty()).then(|| tenant.to_owned())
}

/// The configured tenant, or that of the workspace.
pub(super) async fn tenant_of(context: &Context) -> Result<String> {
    if let Some(tenant) = context.get(Key::AzureTenantId) {
        return Ok(tenant.to_owned());
    }
    let host = context.host()?;
    tenant(context.transport(), host).await.ok_or_else(|| {
        let message = format!("{host} does not say to which tenant it belongs; set azure_tenant_id");
        Error::new(ErrorKind::Config, message)
    })
}

/// A host, or the resource id that it can be looked up with.
pub(super) fn need_host(context: &Context) -> std::result::Result<(), String> {
    match context.get(Key::AzureResourceId) {
        Some(_) => Ok(()),
        None => context.need([Key::Host]).map(|_| ()),
    }
}

/// Looks up the address of the workspace by its resource id where no host is configured.
pub(super) async fn ensure_host(
    context: &Context,
    environment: &AzureEnvironment,
    token_for: impl AsyncFnOnce(&str) -> Result<Token>,
) -> Result<()> {
    #[derive(Deserialize)]
    struct Workspace {
        properties: Properties,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Properties {
        workspace_url: String,
    }
    let (Err(_), Some(id)) = (context.host(), context.get(Key::AzureResourceId)) else { return Ok(()) };
    let manager = &environment.resource_manager;
    let token = token_for(manager).await?;
    let url = oauth::address(&format!("{manager}{}?api-version=2018-04-01", id.trim_start_matches('/')))?;
    let request = context.transport().request(Method::GET, url.clone()).bearer_auth(token.secret());
    let answer = plain::send(context.transport(), request, Limits::TOKEN)
        .await
        .map_err(|error| error.append_message(format!("; looking up the workspace {id}")))?;
    let workspace: Workspace = decode::json(&answer, &url)?;
    context.found_host(Host::parse(&workspace.properties.workspace_url)?.url);
    Ok(())
}

/// Adds the headers with which a principal that is not a workspace user authenticates.
pub(super) fn with_azure_headers(context: &Context, token: Token, management: Option<&Token>) -> Token {
    let mut token = token;
    if let Some(management) = management {
        token = token.with_header(MANAGEMENT_TOKEN, management.secret().into());
        // The pair lasts as long as the one that ends first.
        if ends_before(management, &token) {
            token.expiry = management.expiry;
        }
    }
    match context.get(Key::AzureResourceId) {
        Some(id) => token.with_header(RESOURCE_ID, id.into()),
        None => token,
    }
}

fn ends_before(one: &Token, other: &Token) -> bool {
    use super::token::TokenExpiry::{At, In, Never};
    match (one.expiry, other.expiry) {
        (Never, _) => false,
        (_, Never) => true,
        (In(one), In(other)) => one < other,
        (At(one), At(other)) => one < other,
        // Tokens of one issuer are described in one way.
        (In(_), At(_)) | (At(_), In(_)) => false,
    }
}

/// A token of Entra for one resource.
pub(super) async fn entra_token(
    context: &Context,
    endpoint: &Url,
    client_id: &str,
    client_secret: &SecretString,
    resource: &str,
) -> Result<Token> {
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", client_id),
        ("client_secret", client_secret.expose_secret()),
        ("resource", resource),
    ];
    oauth::request_token(context, endpoint, &form, None).await
}
