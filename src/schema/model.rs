//! The model of a schema: facts at the finest grain, their attributes and what they depend on.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident = $label:literal,)*) => {
        /// What sort of thing a fact of a schema is.
        ///
        /// ```
        /// use lakebase::schema::Kind;
        /// assert_eq!(Kind::MaterializedView.to_string(), "materialized view");
        /// ```
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        #[non_exhaustive]
        pub enum Kind { $($(#[$doc])* $variant,)* }

        impl Kind {
            /// The name of the kind as a reader would say it, in lower case.
            pub fn label(self) -> &'static str {
                match self { $(Self::$variant => $label,)* }
            }

            pub(super) fn from_label(label: &str) -> Option<Self> {
                match label { $($label => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

kinds! {
    /// A schema (namespace).
    Schema = "schema",
    /// An extension.
    Extension = "extension",
    /// A procedural language.
    Language = "language",
    /// An access method.
    AccessMethod = "access method",
    /// A collation.
    Collation = "collation",
    /// An enumerated type.
    Enum = "enum",
    /// A composite type.
    Composite = "composite type",
    /// A range type.
    Range = "range type",
    /// A domain.
    Domain = "domain",
    /// A check constraint of a domain.
    DomainConstraint = "domain constraint",
    /// A foreign data wrapper.
    ForeignDataWrapper = "foreign data wrapper",
    /// A foreign server.
    Server = "server",
    /// A user mapping of a foreign server.
    UserMapping = "user mapping",
    /// A text search dictionary.
    TextSearchDictionary = "text search dictionary",
    /// A text search configuration.
    TextSearchConfiguration = "text search configuration",
    /// A function, procedure or window function.
    Function = "function",
    /// An aggregate.
    Aggregate = "aggregate",
    /// An operator family.
    OperatorFamily = "operator family",
    /// An operator class.
    OperatorClass = "operator class",
    /// An operator.
    Operator = "operator",
    /// A cast.
    Cast = "cast",
    /// A sequence.
    Sequence = "sequence",
    /// A table, partitioned table or foreign table.
    Table = "table",
    /// A column of a table.
    Column = "column",
    /// The default of a column.
    Default = "default",
    /// The column that owns a sequence.
    SequenceOwner = "sequence owner",
    /// A primary key, unique, foreign key, check or exclusion constraint of a table.
    Constraint = "constraint",
    /// An index that is not part of a constraint.
    Index = "index",
    /// A table's place as a partition of another.
    Partition = "partition",
    /// An index's place as a part of a partitioned index.
    IndexAttach = "index partition",
    /// A view.
    View = "view",
    /// A materialised view.
    MaterializedView = "materialized view",
    /// A rewrite rule.
    Rule = "rule",
    /// Extended statistics.
    Statistics = "statistics",
    /// A trigger.
    Trigger = "trigger",
    /// A row-level security policy.
    Policy = "policy",
    /// An event trigger.
    EventTrigger = "event trigger",
    /// A publication.
    Publication = "publication",
    /// A table in a publication.
    PublicationTable = "publication table",
    /// A schema in a publication.
    PublicationSchema = "publication schema",
    /// Privileges that new objects are born with.
    DefaultPrivileges = "default privileges",
    /// The owner of an object.
    Owner = "owner",
    /// The privileges of one role on an object.
    Privilege = "privilege",
    /// An extension that an object goes with, although it is no part of it.
    ExtensionMark = "extension of an object",
    /// A comment on an object.
    Comment = "comment",
    /// Something that is present and not compared in detail.
    Uncompared = "uncompared object",
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.label())
    }
}

/// What identifies a fact: its kind and its name, quoted as SQL wants it.
///
/// ```
/// use lakebase::schema::{Kind, Key};
/// let key = Key::new(Kind::Column, "public.users.email");
/// assert_eq!(key.to_string(), "column public.users.email");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Key {
    /// The kind.
    pub kind: Kind,
    /// The qualified name, quoted where SQL needs it. Parts of a table follow the table's name after a dot.
    pub name: String,
}

impl Key {
    /// A key from its parts.
    pub fn new(kind: Kind, name: impl Into<String>) -> Self {
        Self { kind, name: name.into() }
    }

    pub(super) fn digest(&self) -> u128 {
        let mut hash = Fnv::default();
        hash.text(self.kind.label());
        hash.text(&self.name);
        hash.0
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.name)
    }
}

/// The name of an attribute; borrowed where it is one of our own, so that a model of a large schema stays small.
pub(super) type Attribute = Cow<'static, str>;

/// The names our queries give, sorted.
const ATTRIBUTES: &[&str] = &[
    "@arguments",
    "@column",
    "@columns",
    "@constraint",
    "@defaults",
    "@grantee",
    "@identity",
    "@names",
    "@not_null_name",
    "@of",
    "@options",
    "@result",
    "@unpopulated",
    "access_method",
    "acl",
    "alias",
    "all_tables",
    "arguments",
    "attribute",
    "attributes",
    "bound",
    "cache",
    "canonical",
    "classid",
    "clustered",
    "collation",
    "column",
    "columns",
    "combinefunc",
    "command",
    "commutator",
    "compression",
    "context",
    "cycle",
    "def",
    "default",
    "default_text",
    "definition",
    "deptype",
    "deserialfunc",
    "detach_pending",
    "dicts",
    "digest",
    "enabled",
    "event",
    "expression",
    "family",
    "fdw_options",
    "finalfunc",
    "finalfunc_extra",
    "finalfunc_modify",
    "force_row_security",
    "foreign",
    "foreign_columns",
    "function",
    "functions",
    "generated",
    "generated_virtual",
    "granted",
    "grantee",
    "handler",
    "has",
    "has_parent",
    "hashes",
    "identity",
    "identity_options",
    "identity_sequence",
    "increment",
    "index_definition",
    "index_options",
    "inherited",
    "inherits",
    "initcond",
    "inline",
    "invalid",
    "is_grantable",
    "is_partition",
    "join",
    "key",
    "labels",
    "lc_collate",
    "lc_ctype",
    "leftarg",
    "locale",
    "mappings",
    "maxvalue",
    "merges",
    "method",
    "mfinalfunc",
    "mfinalfunc_extra",
    "mfinalfunc_modify",
    "minitcond",
    "minvalue",
    "minvfunc",
    "msfunc",
    "msspace",
    "mstype",
    "multirange",
    "name",
    "negator",
    "no_inherit",
    "nondeterministic",
    "not_null",
    "not_null_constraint",
    "objects",
    "objid",
    "of",
    "of_constraint",
    "of_type",
    "oid",
    "operators",
    "options",
    "owner",
    "parallel",
    "parent",
    "parent_kind",
    "parser",
    "partition_key",
    "partitioned",
    "persistence",
    "provider",
    "publish",
    "publish_generated_columns",
    "refclassid",
    "references",
    "refobjid",
    "refsub",
    "relocatable",
    "replica_identity",
    "restrict",
    "restrictive",
    "revoked",
    "rightarg",
    "role",
    "roles",
    "row_security",
    "rules",
    "schema",
    "scope",
    "serialfunc",
    "server",
    "sfunc",
    "sortop",
    "src",
    "sspace",
    "start",
    "statistics",
    "storage",
    "stype",
    "sub",
    "subtype",
    "subtype_diff",
    "subtype_opclass",
    "table",
    "tablespace",
    "tags",
    "target",
    "template",
    "text",
    "trusted",
    "type",
    "unique",
    "using",
    "validator",
    "version",
    "via_root",
    "where",
    "with_check",
    "wrapper",
];

pub(super) fn attribute(name: &str) -> Attribute {
    match ATTRIBUTES.binary_search(&name) {
        Ok(at) => Cow::Borrowed(ATTRIBUTES[at]),
        Err(_) => Cow::Owned(name.to_owned()),
    }
}

/// The attributes of a fact, in the order the catalog gives them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Attributes(pub(super) Vec<(Attribute, String)>);

impl Attributes {
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// Those that are compared: a name that starts with `@` is kept for planning only.
    pub(super) fn compared(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().filter(|(n, _)| !n.starts_with('@')).map(|(n, v)| (n.as_ref(), v.as_str()))
    }
}

/// Kind, catalog, OID and sub-id.
pub(super) type Identity = (Kind, u32, u32, i32);

/// One fact of a schema.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Fact {
    pub(super) key: Key,
    /// What it is a part of and disappears with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) parent: Option<Key>,
    /// The owner; compared through its own fact, kept here for creating.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) owner: Option<String>,
    pub(super) attrs: Attributes,
    /// Positions of the facts this one cannot be without.
    pub(super) needs: Vec<u32>,
    /// Catalog, OID and sub-id: proof of identity between physical copies.
    pub(super) address: (u32, u32, i32),
    /// The transactions that wrote its catalog row, the row that defines it, and for a table the one that made it.
    #[serde(default)]
    pub(super) stamps: [u32; 3],
}

impl Fact {
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.attrs.get(name)
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.attrs.has(name)
    }

    /// An attribute that every fact of the kind has.
    pub(super) fn text(&self, name: &str) -> &str {
        self.attrs.get(name).unwrap_or_default()
    }

    pub(super) fn same_as(&self, other: &Self) -> bool {
        self.attrs.compared().eq(other.attrs.compared())
    }

    /// What physical copies of one database have in common for one object, whatever it is called.
    pub(super) fn identity(&self) -> Option<Identity> {
        let (class, object, sub) = self.address;
        (object != 0).then_some((self.key.kind, class, object, sub))
    }

    fn digest(&self) -> u128 {
        let mut hash = Fnv::default();
        hash.text(self.key.kind.label());
        hash.text(&self.key.name);
        for (name, value) in self.attrs.compared() {
            hash.text(name);
            hash.text(value);
        }
        hash.0
    }
}

/// Where a snapshot was taken.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Origin {
    /// The server's version number, such as 150004.
    pub(super) version: u32,
    /// The cluster's system identifier where the role may read it, with the database's OID: equal in physical copies.
    pub(super) lineage: Option<String>,
    /// The role that read the snapshot, quoted.
    pub(super) user: String,
    /// The roles of the cluster, quoted.
    pub(super) roles: BTreeSet<String>,
    /// Pairs of types between which a cast exists.
    pub(super) casts: BTreeSet<String>,
    /// Installable extensions, each with a version.
    pub(super) available_extensions: BTreeSet<String>,
}

/// A digest of everything that is compared in a schema: equal exactly when [`compare`](super::compare) finds nothing.
///
/// ```
/// # fn show(schema: &lakebase::schema::Schema) {
/// println!("{}", schema.fingerprint());
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fingerprint(u128);

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl Serialize for Fingerprint {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The schema of one database as it was at one moment: owned, serialisable, comparable.
///
/// ```no_run
/// # async fn show(conn: &mut sqlx::PgConnection) -> Result<(), lakebase::schema::SchemaError> {
/// use lakebase::schema::{Options, Schema};
/// let schema = Schema::read(conn, &Options::default()).await?;
/// println!("{} facts, fingerprint {}", schema.len(), schema.fingerprint());
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Recorded")]
pub struct Schema {
    pub(super) options: super::Options,
    pub(super) origin: Origin,
    /// Sorted by key.
    pub(super) facts: Arc<Vec<Fact>>,
    /// What is compared of each fact, in few bytes side by side: most facts of two schemas are the same, and nothing more
    /// of them is looked at.
    #[serde(skip)]
    digests: Arc<[u128]>,
}

/// A schema as it is written down.
#[derive(Deserialize)]
#[serde(rename = "Schema")]
struct Recorded {
    options: super::Options,
    origin: Origin,
    facts: Vec<Fact>,
}

impl From<Recorded> for Schema {
    fn from(Recorded { options, origin, facts }: Recorded) -> Self {
        let digests = facts.iter().map(Fact::digest).collect();
        Self { options, origin, facts: Arc::new(facts), digests }
    }
}

impl Schema {
    /// How many facts the snapshot holds.
    pub fn len(&self) -> usize {
        self.facts.len()
    }

    /// Whether the snapshot holds nothing.
    pub fn is_empty(&self) -> bool {
        self.facts.is_empty()
    }

    /// The server's version number, such as `170004` for 17.4.
    pub fn server_version(&self) -> u32 {
        self.origin.version
    }

    /// The digest of everything that is compared.
    pub fn fingerprint(&self) -> Fingerprint {
        let mut hash = Fnv::default();
        for digest in self.digests.iter() {
            hash.word(*digest as u64);
            hash.word((*digest >> 64) as u64);
        }
        Fingerprint(hash.0)
    }

    /// Whether the fact here and the one there have the same key, and the same in everything that is compared.
    pub(super) fn same(&self, here: usize, other: &Self, there: usize) -> bool {
        self.digests[here] == other.digests[there]
    }

    /// The objects that are present and not compared in detail, by name.
    pub fn uncompared(&self) -> impl Iterator<Item = &str> {
        self.facts.iter().filter(|f| f.key.kind == Kind::Uncompared).map(|f| f.key.name.as_str())
    }

    pub(super) fn find(&self, key: &Key) -> Option<usize> {
        self.facts.binary_search_by(|f| f.key.cmp(key)).ok()
    }

    pub(super) fn fact(&self, kind: Kind, name: &str) -> Option<&Fact> {
        let found = self
            .facts
            .binary_search_by(|f| f.key.kind.cmp(&kind).then_with(|| f.key.name.as_str().cmp(name)));
        found.ok().map(|at| &self.facts[at])
    }

    /// Positions of the parts of each fact.
    pub(super) fn parts(&self) -> Vec<Vec<u32>> {
        let mut parts = vec![Vec::new(); self.facts.len()];
        for (at, fact) in self.facts.iter().enumerate() {
            if let Some(parent) = fact.parent.as_ref().and_then(|p| self.find(p)) {
                parts[parent].push(at as u32);
            }
        }
        parts
    }

    /// Sorts the facts by key and keeps the dependencies pointing at the same facts.
    pub(super) fn new(options: super::Options, origin: Origin, mut facts: Vec<Fact>) -> Self {
        let mut order: Vec<u32> = (0..facts.len() as u32).collect();
        order.sort_by(|a, b| facts[*a as usize].key.cmp(&facts[*b as usize].key));
        let mut place = vec![0u32; order.len()];
        for (new, old) in order.iter().enumerate() {
            place[*old as usize] = new as u32;
        }
        for fact in &mut facts {
            for need in &mut fact.needs {
                *need = place[*need as usize];
            }
            fact.needs.sort_unstable();
            fact.needs.dedup();
        }
        for at in 0..facts.len() {
            while place[at] as usize != at {
                let to = place[at] as usize;
                facts.swap(at, to);
                place.swap(at, to);
            }
        }
        Recorded { options, origin, facts }.into()
    }

    /// Who needs each fact.
    pub(super) fn dependents(&self) -> Vec<Vec<u32>> {
        let mut dependents = vec![Vec::new(); self.facts.len()];
        for (at, fact) in self.facts.iter().enumerate() {
            for need in &fact.needs {
                dependents[*need as usize].push(at as u32);
            }
        }
        dependents
    }

    pub(super) fn by_address(&self) -> HashMap<Identity, usize> {
        let all = self.facts.iter().enumerate();
        all.filter_map(|(at, fact)| Some((fact.identity()?, at))).collect()
    }
}

/// Like FNV-1a over 128 bits, eight bytes at a time: stable between versions of the compiler, and no secret is at stake.
struct Fnv(u128);

impl Default for Fnv {
    fn default() -> Self {
        Self(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d)
    }
}

impl Fnv {
    fn text(&mut self, text: &str) {
        let (words, rest) = text.as_bytes().as_chunks::<8>();
        for word in words {
            self.word(u64::from_le_bytes(*word));
        }
        let mut last = [0; 8];
        last[..rest.len()].copy_from_slice(rest);
        self.word(u64::from_le_bytes(last));
        // The length tells a text from one that goes on with zeros, and where one ends from where the next begins.
        self.word(text.len() as u64);
    }

    /// Each step is a bijection of the state, and carries what is in its upper half back to the lower.
    fn word(&mut self, word: u64) {
        self.0 = (self.0 ^ u128::from(word)).wrapping_mul(0x2360_ed05_1fc6_5da4_4385_df64_9fcc_f645);
        self.0 ^= self.0 >> 64;
    }
}
