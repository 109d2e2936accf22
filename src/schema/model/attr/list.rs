//! The list of all attributes: alias, use and shape of each.

#[cfg(test)]
use super::Shape;
use super::Use;

attributes! {
    /// The triggers of the parent tables that a partition's trigger is cloned from.
    ParentTriggers = "above", Compared, List;
    /// The table access method, where it is not heap.
    AccessMethod = "access_method", Compared, Text;
    /// FOR ALL TABLES of a publication.
    AllTables = "all_tables", Compared, Flag;
    /// The arguments of an aggregate.
    Arguments = "arguments", Compared, Text;
    /// The names of a function's arguments.
    ArgumentNames = "argument_names", PlanOnly, List;
    /// The attributes of a composite type, each a name, a tab and a type.
    Attributes = "attributes", Compared, List;
    /// The bound of a partition.
    Bound = "bound", Compared, Text;
    /// CACHE of a sequence.
    Cache = "cache", Compared, Text;
    /// The canonicalization function of a range type.
    Canonical = "canonical", Compared, Text;
    /// CLUSTER ON this index.
    Clustered = "clustered", Compared, Flag;
    /// The collation, where it is not that of the type.
    Collation = "collation", Compared, Text;
    /// The column that owns a sequence.
    Column = "column", Compared, Text;
    /// The columns of a view, each with type and collation.
    ColumnTypes = "column_types", PlanOnly, List;
    /// The columns of a constraint or of a published table.
    Columns = "columns", Compared, Text;
    /// The combine function of an aggregate.
    Combinefunc = "combinefunc", Compared, Text;
    /// The command of a policy.
    Command = "command", Compared, Text;
    /// The commutator of an operator.
    Commutator = "commutator", Compared, Text;
    /// The compression method of a column.
    Compression = "compression", Compared, Text;
    /// A constraint trigger.
    ConstraintTrigger = "constraint_trigger", PlanOnly, Flag;
    /// The context of a cast, where it is not explicit.
    Context = "context", Compared, Text;
    /// CYCLE of a sequence.
    Cycle = "cycle", Compared, Flag;
    /// The default of a domain; on an operator class, that it is the default one.
    Default = "default", Compared, Text;
    /// The number of arguments of a function with a default.
    DefaultCount = "default_count", PlanOnly, Text;
    /// The storage that the types of a materialized view's columns prescribe.
    DefaultStorage = "default_storage", PlanOnly, List;
    /// The default of a domain as it was written.
    DefaultText = "default_text", Compared, Text;
    /// The definition by the server's deparser.
    Definition = "definition", Compared, Text;
    /// The deserialization function of an aggregate.
    Deserialfunc = "deserialfunc", Compared, Text;
    /// A partition whose concurrent detach was interrupted.
    DetachPending = "detach_pending", Compared, Flag;
    /// A summary of an object that is not compared in detail.
    Digest = "digest", Compared, Text;
    /// The firing mode of a trigger, event trigger or rule, where it is not the usual one.
    Enabled = "enabled", Compared, Text;
    /// The event of an event trigger.
    Event = "event", Compared, Text;
    /// The expression of a default.
    Expression = "expression", Compared, Text;
    /// The extension that an object depends on.
    Extension = "extension", Compared, Text;
    /// The operator family of an operator class.
    Family = "family", Compared, Text;
    /// Options of foreign objects, each a name, a tab and a literal.
    FdwOptions = "fdw_options", Compared, List;
    /// The final function of an aggregate.
    Finalfunc = "finalfunc", Compared, Text;
    /// FINALFUNC_EXTRA of an aggregate.
    FinalfuncExtra = "finalfunc_extra", Compared, Flag;
    /// FINALFUNC_MODIFY of an aggregate.
    FinalfuncModify = "finalfunc_modify", Compared, Text;
    /// FORCE ROW LEVEL SECURITY.
    ForceRowSecurity = "force_row_security", Compared, Flag;
    /// A foreign table.
    Foreign = "foreign", Compared, Flag;
    /// The referenced columns of a foreign key.
    ForeignColumns = "foreign_columns", Compared, List;
    /// The function behind an operator or event trigger.
    Function = "function", Compared, Text;
    /// The functions of an operator class or family.
    Functions = "functions", Compared, List;
    /// The expression of a stored generated column.
    Generated = "generated", Compared, Text;
    /// The expression of a virtual generated column.
    GeneratedVirtual = "generated_virtual", Compared, Text;
    /// Privileges beyond those an object is created with; `*` marks a grant option.
    Granted = "granted", Compared, Text;
    /// The role of default privileges.
    Grantee = "grantee", Compared, Text;
    /// The role that granted a privilege, where it is not the owner.
    Grantor = "grantor", PlanOnly, Text;
    /// The handler of a language, access method or foreign data wrapper.
    Handler = "handler", Compared, Text;
    /// A column that a parent table has too.
    HasParent = "has_parent", Compared, Flag;
    /// HASHES of an operator.
    Hashes = "hashes", Compared, Flag;
    /// The index of a constraint or the sequence of an identity column, which a comment or privilege is on.
    HiddenObject = "hidden_object", PlanOnly, Text;
    /// GENERATED ALWAYS or BY DEFAULT AS IDENTITY.
    Identity = "identity", Compared, Text;
    /// The arguments that identify a function.
    IdentityArguments = "identity_arguments", PlanOnly, Text;
    /// `logged` or `unlogged`, where the sequence of an identity column is logged otherwise than its table.
    IdentityPersistence = "identity_persistence", Compared, Text;
    /// The sequence options of an identity column.
    IdentityOptions = "identity_options", Compared, List;
    /// The sequence of an identity column.
    IdentitySequence = "identity_sequence", Compared, Text;
    /// INCREMENT BY of a sequence.
    Increment = "increment", Compared, Text;
    /// The definition of a constraint's index.
    IndexDefinition = "index_definition", Compared, Text;
    /// Storage parameters of a constraint's index.
    IndexOptions = "index_options", Compared, List;
    /// Only inherited, not declared locally.
    Inherited = "inherited", Compared, Flag;
    /// The name of an inherited not-null constraint, where it is not the usual one.
    InheritedNotNullName = "inherited_not_null_name", PlanOnly, Text;
    /// The foreign keys of a partition that come from its parent, which it keeps when it is detached.
    InheritedForeignKeys = "inherited_keys", PlanOnly, List;
    /// The parent tables.
    Inherits = "inherits", Compared, List;
    /// INITCOND of an aggregate.
    Initcond = "initcond", Compared, Text;
    /// The inline handler of a language.
    Inline = "inline", Compared, Text;
    /// An invalid index.
    Invalid = "invalid", Compared, Flag;
    /// A table that is a partition.
    IsPartition = "is_partition", Compared, Flag;
    /// The join selectivity estimator of an operator.
    Join = "join", Compared, Text;
    /// The labels of an enumerated type, as literals.
    Labels = "labels", Compared, List;
    /// LC_COLLATE of a collation.
    LcCollate = "lc_collate", Compared, Text;
    /// LC_CTYPE of a collation.
    LcCtype = "lc_ctype", Compared, Text;
    /// The left operand type of an operator.
    Leftarg = "leftarg", Compared, Text;
    /// The locale of a collation.
    Locale = "locale", Compared, Text;
    /// The mappings of a text search configuration: token type, a tab, dictionaries.
    Mappings = "mappings", Compared, List;
    /// MAXVALUE of a sequence, where it is not the usual one.
    Maxvalue = "maxvalue", Compared, Text;
    /// MERGES of an operator.
    Merges = "merges", Compared, Flag;
    /// The method of a cast, or the access method of an operator class.
    Method = "method", Compared, Text;
    /// The final function of a moving aggregate.
    Mfinalfunc = "mfinalfunc", Compared, Text;
    /// MFINALFUNC_EXTRA of an aggregate.
    MfinalfuncExtra = "mfinalfunc_extra", Compared, Flag;
    /// MFINALFUNC_MODIFY of an aggregate.
    MfinalfuncModify = "mfinalfunc_modify", Compared, Text;
    /// MINITCOND of an aggregate.
    Minitcond = "minitcond", Compared, Text;
    /// MINVALUE of a sequence, where it is not the usual one.
    Minvalue = "minvalue", Compared, Text;
    /// The inverse transition function of a moving aggregate.
    Minvfunc = "minvfunc", Compared, Text;
    /// The transition function of a moving aggregate.
    Msfunc = "msfunc", Compared, Text;
    /// The state size of a moving aggregate.
    Msspace = "msspace", Compared, Text;
    /// The state type of a moving aggregate.
    Mstype = "mstype", Compared, Text;
    /// The multirange type of a range type.
    Multirange = "multirange", Compared, Text;
    /// The unqualified name.
    Name = "name", Compared, Text;
    /// The negator of an operator.
    Negator = "negator", Compared, Text;
    /// NO INHERIT of a check constraint.
    NoInherit = "no_inherit", Compared, Flag;
    /// A nondeterministic collation.
    Nondeterministic = "nondeterministic", Compared, Flag;
    /// NOT NULL of a column or domain.
    NotNull = "not_null", Compared, Flag;
    /// The comment on a not-null constraint.
    NotNullComment = "not_null_comment", Compared, Text;
    /// Name and flags of a not-null constraint, where they are not the usual ones.
    NotNullConstraint = "not_null_constraint", Compared, Text;
    /// The kind of objects that default privileges are for.
    Objects = "objects", Compared, Text;
    /// The parent of a partition or of an index partition.
    ParentRelation = "of", Compared, Text;
    /// The constraint whose index is the parent of an index partition.
    OfConstraint = "of_constraint", Compared, Text;
    /// The type of a typed table.
    OfType = "of_type", Compared, Text;
    /// The operators of an operator class or family.
    Operators = "operators", Compared, List;
    /// Storage parameters in alphabetical order; the options of a text search dictionary.
    Options = "options", Compared, Text;
    /// Storage parameters in the order of the catalog.
    OptionsInOrder = "options_in_order", PlanOnly, List;
    /// A not-null constraint that is inherited and declared locally.
    OwnNotNull = "own_not_null", PlanOnly, Flag;
    /// PARALLEL of an aggregate.
    Parallel = "parallel", Compared, Text;
    /// The parser of a text search configuration.
    Parser = "parser", Compared, Text;
    /// The column of a view, or of an object outside the model, which a comment or privilege is on.
    PartColumn = "part_column", PlanOnly, Text;
    /// The catalog number of each label or attribute of a type, and the transaction that wrote it.
    PartNumbers = "part_numbers", PlanOnly, List;
    /// PARTITION BY of a table.
    PartitionKey = "partition_key", Compared, Text;
    /// An index of a partitioned table.
    Partitioned = "partitioned", Compared, Flag;
    /// `unlogged`; absent for permanent relations.
    Persistence = "persistence", Compared, Text;
    /// The role that has a privilege.
    PrivilegeGrantee = "privilege_grantee", PlanOnly, Text;
    /// The provider of a collation.
    Provider = "provider", Compared, Text;
    /// The operations of a publication.
    Publish = "publish", Compared, Text;
    /// The generated columns that a publication publishes.
    PublishGeneratedColumns = "publish_generated_columns", Compared, Text;
    /// The referenced table of a foreign key.
    References = "references", Compared, Text;
    /// A relocatable extension.
    Relocatable = "relocatable", Compared, Flag;
    /// REPLICA IDENTITY of a table; on an index, that it is the one.
    ReplicaIdentity = "replica_identity", Compared, Text;
    /// The restriction selectivity estimator of an operator.
    Restrict = "restrict", Compared, Text;
    /// A restrictive policy.
    Restrictive = "restrictive", Compared, Flag;
    /// The result type of a function.
    Result = "result", PlanOnly, Text;
    /// Privileges that an object is created with and has no more.
    Revoked = "revoked", Compared, Text;
    /// The right operand type of an operator.
    Rightarg = "rightarg", Compared, Text;
    /// The owner of an object, or the role of default privileges.
    Role = "role", Compared, Text;
    /// The roles of a policy.
    Roles = "roles", Compared, Text;
    /// ROW LEVEL SECURITY.
    RowSecurity = "row_security", Compared, Flag;
    /// The tailoring rules of an ICU collation.
    Rules = "rules", Compared, Text;
    /// The schema of an object.
    Schema = "schema", Compared, Text;
    /// The role and schema of default privileges, as SQL.
    Scope = "scope", Compared, Text;
    /// The serialization function of an aggregate.
    Serialfunc = "serialfunc", Compared, Text;
    /// The server of a foreign table.
    Server = "server", Compared, Text;
    /// The transition function of an aggregate.
    Sfunc = "sfunc", Compared, Text;
    /// The sort operator of an aggregate.
    Sortop = "sortop", Compared, Text;
    /// The state size of an aggregate.
    Sspace = "sspace", Compared, Text;
    /// START WITH of a sequence.
    Start = "start", Compared, Text;
    /// The statistics target of a column; of an index or materialized view, one for each column.
    Statistics = "statistics", Compared, Text;
    /// The storage of a column; of a materialized view, one for each column; the key type of an operator class.
    Storage = "storage", Compared, Text;
    /// The state type of an aggregate.
    Stype = "stype", Compared, Text;
    /// The subtype of a range type.
    Subtype = "subtype", Compared, Text;
    /// The difference function of a range type.
    SubtypeDiff = "subtype_diff", Compared, Text;
    /// The operator class of a range type.
    SubtypeOpclass = "subtype_opclass", Compared, Text;
    /// An object of the system or of an extension, which a privilege is on.
    SystemObject = "system_object", PlanOnly, Text;
    /// The table of a default, sequence owner or publication.
    Table = "table", Compared, Text;
    /// The tablespace, where it is not the default one.
    Tablespace = "tablespace", Compared, Text;
    /// The tags of an event trigger.
    Tags = "tags", Compared, Text;
    /// The statistics target of extended statistics.
    Target = "target", Compared, Text;
    /// The template of a text search dictionary.
    Template = "template", Compared, Text;
    /// The text of a comment.
    Text = "text", Compared, Text;
    /// A trusted language.
    Trusted = "trusted", Compared, Flag;
    /// The type of a column, domain, sequence, server, constraint, function or aggregate.
    Type = "type", Compared, Text;
    /// A unique index.
    Unique = "unique", Compared, Flag;
    /// A materialized view that was never populated.
    Unpopulated = "unpopulated", PlanOnly, Flag;
    /// The versions that an extension can be updated to.
    UpdateTargets = "update_targets", PlanOnly, List;
    /// The USING expression of a policy.
    Using = "using", Compared, Text;
    /// The validator of a language or foreign data wrapper.
    Validator = "validator", Compared, Text;
    /// The version of an extension or server.
    Version = "version", Compared, Text;
    /// PUBLISH_VIA_PARTITION_ROOT of a publication.
    ViaRoot = "via_root", Compared, Flag;
    /// The row filter of a published table.
    Where = "where", Compared, Text;
    /// The WITH CHECK expression of a policy.
    WithCheck = "with_check", Compared, Text;
    /// The foreign data wrapper of a server.
    Wrapper = "wrapper", Compared, Text;
}
