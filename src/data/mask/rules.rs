//! The rules of all tables, from Rust or TOML.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use super::rule::Rule;
use crate::data::error::DataError;

/// The treatment of large objects, which belong to no column.
///
/// ```
/// use lakebase::data::mask::LargeObjects;
///
/// assert_eq!(LargeObjects::default(), LargeObjects::Refuse);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum LargeObjects {
    /// A database with large objects is not masked.
    #[default]
    Refuse,
    /// They are removed.
    Remove,
    /// They stay as they are.
    Keep,
}

/// Rules by table and column. A column that looks personal needs one, [`Rule::Keep`] at least.
///
/// `Debug` and serialization leave out the secret key.
///
/// ```
/// use lakebase::data::mask::{Rule, Rules};
/// use secrecy::SecretString;
///
/// let rules = Rules::new()
///     .column("customers.email", Rule::FakeEmail)
///     .column("sales.orders.phone", Rule::FakePhone)
///     .key(SecretString::from("from a secret store"));
/// let same = Rules::from_toml("
///     [tables.customers]
///     email = 'fake_email'
///     [tables.'sales.orders']
///     phone = 'fake_phone'
/// ")?;
/// assert_eq!(rules.to_toml(), same.to_toml());
/// # Ok::<(), lakebase::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct Rules {
    document: Document,
    key: Option<SecretString>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Document {
    #[serde(skip_serializing_if = "is_default")]
    large_objects: LargeObjects,
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    waive: BTreeSet<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    tables: BTreeMap<String, BTreeMap<String, Rule>>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    databases: BTreeMap<String, Document>,
}

impl Document {
    /// The rules of which some would not be used.
    fn misplaced(&self) -> Option<String> {
        let top = self.tables.len() + self.waive.len() + usize::from(!is_default(&self.large_objects));
        if top > 0 && self.databases.contains_key(MAIN) {
            let reason = format!("rules for {MAIN} stand at the top or in databases.{MAIN}, not in both");
            return Some(reason);
        }
        let (name, _) = self.databases.iter().find(|(_, document)| !document.databases.is_empty())?;
        Some(format!("databases.{name} names databases, which belong to the top"))
    }

    /// Adds rules for a database.
    fn add(&mut self, name: String, mut document: Self) {
        for (name, nested) in std::mem::take(&mut document.databases) {
            self.add(name, nested);
        }
        match name == MAIN {
            true => self.merge(document),
            false => self.databases.entry(name).or_default().merge(document),
        }
    }

    fn merge(&mut self, other: Self) {
        for (table, columns) in other.tables {
            self.tables.entry(table).or_default().extend(columns);
        }
        self.waive.extend(other.waive);
        if !is_default(&other.large_objects) {
            self.large_objects = other.large_objects;
        }
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl Rules {
    /// No rules.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads rules from TOML: a table for each table, named `table` (in any schema) or `schema.table`, with a rule for
    /// each column.
    ///
    /// ```
    /// use lakebase::data::mask::Rules;
    ///
    /// let rules = Rules::from_toml(r#"
    ///     large_objects = "remove"
    ///     waive = ["comment on public.customers"]
    ///
    ///     [tables.customers]
    ///     email = "fake_email"
    ///     tax_id = { hash = 16 }
    ///     born = { shift_days = 30, by = "id" }
    ///     country = { constant = "XX" }
    ///     nickname = "keep"
    ///
    ///     [databases.crm.tables.people]
    ///     name = "fake_name"
    /// "#)?;
    /// # Ok::<(), lakebase::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`DataError::MaskRules`] with the place of the first error.
    pub fn from_toml(text: &str) -> Result<Self, DataError> {
        toml::from_str(text).map_err(|error| DataError::MaskRules { reason: error.to_string() })
    }

    /// The rules as TOML, without the secret key.
    pub fn to_toml(&self) -> String {
        // Maps of texts and rules have a form in TOML.
        toml::to_string(&self.document).unwrap_or_default()
    }

    /// Adds the rule for a column, named `table.column` or `schema.table.column`.
    #[must_use]
    pub fn column(mut self, name: impl AsRef<str>, rule: Rule) -> Self {
        let name = name.as_ref();
        let (table, column) = name.rsplit_once('.').unwrap_or(("", name));
        self.document.tables.entry(table.to_owned()).or_default().insert(column.to_owned(), rule);
        self
    }

    /// Accepts a finding about something else than a column by its name, such as `comment on public.customers`.
    #[must_use]
    pub fn waive(mut self, object: impl Into<String>) -> Self {
        self.document.waive.insert(object.into());
        self
    }

    /// Sets the treatment of large objects. Default: refused.
    #[must_use]
    pub fn large_objects(mut self, choice: LargeObjects) -> Self {
        self.document.large_objects = choice;
        self
    }

    /// Adds the rules for another database than `databricks_postgres`; those for that one, and for databases that
    /// `rules` itself names, are added to the ones that are there. A database without rules is searched for columns
    /// that look personal like any other.
    #[must_use]
    pub fn database(mut self, name: impl Into<String>, rules: Self) -> Self {
        self.document.add(name.into(), rules.document);
        self
    }

    /// The secret key: with the same key, equal values have equal masked values in every branch, and it
    /// allows finding the values by trying. Without one, each masking uses a random key that is not kept.
    #[must_use]
    pub fn key(mut self, key: SecretString) -> Self {
        self.key = Some(key);
        self
    }

    /// The rules for one database by its name.
    pub(crate) fn for_database(&self, name: &str) -> Self {
        let document = match self.document.databases.get(name) {
            Some(document) => document.clone(),
            None if name == MAIN => Document { databases: BTreeMap::new(), ..self.document.clone() },
            None => Document::default(),
        };
        Self { document, key: self.key.clone() }
    }

    /// The databases that are named.
    pub(crate) fn databases(&self) -> impl Iterator<Item = &str> {
        self.document.databases.keys().map(String::as_str)
    }

    /// The rules with a random key where they have none, so that several databases are masked alike.
    pub(crate) fn with_some_key(mut self) -> Result<Self, DataError> {
        if self.key.is_none() {
            self.key = Some(super::key::random()?);
        }
        Ok(self)
    }

    pub(crate) fn secret(&self) -> Option<&SecretString> {
        self.key.as_ref()
    }

    pub(super) fn tables(&self) -> &BTreeMap<String, BTreeMap<String, Rule>> {
        &self.document.tables
    }

    pub(super) fn waived(&self) -> &BTreeSet<String> {
        &self.document.waive
    }

    pub(super) fn of_large_objects(&self) -> LargeObjects {
        self.document.large_objects
    }
}

/// The database that rules without a database are for.
const MAIN: &str = "databricks_postgres";

impl fmt::Debug for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Rules").field(&self.document).finish()
    }
}

impl Serialize for Rules {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.document.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Rules {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let document = Document::deserialize(deserializer)?;
        match document.misplaced() {
            Some(reason) => Err(serde::de::Error::custom(reason)),
            None => Ok(Self { document, key: None }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_shown_nowhere() {
        let rules = Rules::new().column("t.c", Rule::Hash { digits: None }).key(SecretString::from("sesame"));
        let shown = format!("{rules:?} {} {}", rules.to_toml(), serde_json::to_string(&rules).unwrap());
        assert!(!shown.contains("sesame"), "{shown}");
    }

    #[test]
    fn an_error_in_toml_says_where_it_is() {
        let error = Rules::from_toml("[tables.t]\na = 'null'\nb = 'fake'\n").unwrap_err().to_string();
        assert!(error.contains("line 3") && error.contains("fake_email"), "{error}");
        let error = Rules::from_toml("table = 1").unwrap_err().to_string();
        assert!(error.contains("unknown field"), "{error}");
    }

    #[test]
    fn no_rule_is_left_out_in_silence() {
        for (text, reason) in [
            ("[tables.t]\na = 'null'\n[databases.databricks_postgres.tables.t]\nb = 'null'", "not in both"),
            ("waive = ['x']\n[databases.databricks_postgres]", "not in both"),
            ("[databases.crm.databases.other.tables.t]\na = 'null'", "databases.crm names databases"),
        ] {
            let error = Rules::from_toml(text).unwrap_err().to_string();
            assert!(error.contains(reason), "{error}");
        }
        Rules::from_toml("[databases.databricks_postgres.tables.t]\na = 'null'").unwrap();
        let inner =
            Rules::new().column("x.a", Rule::Null).database("other", Rules::new().column("y.b", Rule::Null));
        let rules = Rules::new().column("t.c", Rule::Null).database(MAIN, inner).waive("z");
        let tables = |name: &str| rules.for_database(name).tables().keys().cloned().collect::<Vec<_>>();
        assert_eq!(
            (tables(MAIN), tables("other")),
            (vec!["t".to_owned(), "x".to_owned()], vec!["y".to_owned()])
        );
        assert_eq!(Rules::from_toml(&rules.to_toml()).unwrap().to_toml(), rules.to_toml());
    }

    #[test]
    fn a_database_has_its_own_rules_or_none() {
        let rules =
            Rules::new().column("t.c", Rule::Null).database("crm", Rules::new().column("p.q", Rule::Shuffle));
        let tables = |name: &str| rules.for_database(name).tables().keys().cloned().collect::<Vec<_>>();
        assert_eq!(tables("databricks_postgres"), ["t"]);
        assert_eq!(tables("crm"), ["p"]);
        assert!(tables("other").is_empty());
    }
}
