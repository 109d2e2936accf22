//! The looks of personal data: names of columns, and regular expressions for values.

/// The kinds of types that a name can be about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    /// Text, documents, arrays and everything else that can hold text.
    Text,
    Number,
    Date,
    /// Network addresses.
    Network,
    Uuid,
    /// Truth values, intervals and the like.
    Other,
}

use Family::{Date, Network, Number, Other, Text, Uuid};

/// Words of a column's name in sequence, the subject, and the families that it is looked for in.
type NamePattern = (&'static [&'static str], &'static str, &'static [Family]);

const NAMES: &[NamePattern] = &[
    (&["email", "e_mail", "mail", "emails", "mails", "email_address"], "e-mail address", &[Text]),
    (
        &["phone", "telephone", "tel", "mobile", "cell", "cellphone", "fax", "msisdn", "phones"],
        "phone number",
        &[Text, Number],
    ),
    (
        &[
            "first_name",
            "firstname",
            "last_name",
            "lastname",
            "surname",
            "given_name",
            "family_name",
            "middle_name",
            "maiden_name",
            "full_name",
            "fullname",
            "nickname",
            "user_name",
            "username",
            "display_name",
            "contact_name",
            "customer_name",
            "patient_name",
            "employee_name",
            "holder",
            "cardholder",
        ],
        "name of a person",
        &[Text],
    ),
    (
        &[
            "address",
            "addresses",
            "addr",
            "street",
            "street1",
            "street2",
            "postcode",
            "postal_code",
            "zip",
            "zipcode",
            "zip_code",
            "address1",
            "address2",
        ],
        "postal address",
        &[Text, Number],
    ),
    (
        &["birth", "birthday", "birthdate", "born", "dob", "date_of_birth", "birth_date"],
        "date of birth",
        &[Text, Date, Number],
    ),
    (
        &[
            "ssn",
            "social_security",
            "national_id",
            "passport",
            "tax_id",
            "taxid",
            "driver_license",
            "drivers_license",
            "license_number",
            "personal_number",
            "cpf",
            "nino",
            "identity_card",
        ],
        "number of an identity document",
        &[Text, Number],
    ),
    (
        &[
            "iban",
            "account_number",
            "bank_account",
            "card_number",
            "credit_card",
            "creditcard",
            "cvv",
            "cvc",
            "sort_code",
            "routing_number",
        ],
        "number of a bank account or card",
        &[Text, Number],
    ),
    (
        &["ip", "ip_address", "ipaddr", "ip_addr", "remote_addr", "mac_address", "client_ip"],
        "network address",
        &[Text, Number, Network],
    ),
    (
        &[
            "password",
            "passwd",
            "pwd",
            "password_hash",
            "passphrase",
            "secret",
            "api_key",
            "apikey",
            "access_token",
            "refresh_token",
            "auth_token",
            "token",
            "private_key",
        ],
        "secret",
        &[Text, Uuid],
    ),
    (
        &[
            "salary",
            "wage",
            "gender",
            "sex",
            "religion",
            "ethnicity",
            "nationality",
            "diagnosis",
            "disability",
            "marital_status",
            "latitude",
            "longitude",
            "geolocation",
        ],
        "trait of a person",
        &[Text, Number, Other],
    ),
];

/// Tables whose column `name` is that of a person.
const PEOPLE: [&str; 22] = [
    "customer",
    "customers",
    "user",
    "users",
    "person",
    "persons",
    "people",
    "patient",
    "patients",
    "employee",
    "employees",
    "contact",
    "contacts",
    "member",
    "members",
    "subscriber",
    "subscribers",
    "student",
    "students",
    "staff",
    "client",
    "clients",
];

/// The words of a name, joined by `_`, with `_` on both ends.
fn words(name: &str) -> String {
    let mut words = String::from("_");
    let mut lower = false;
    for c in name.chars() {
        if c.is_uppercase() && lower && !words.ends_with('_') {
            words.push('_');
        }
        lower = c.is_lowercase() || c.is_ascii_digit();
        if c.is_alphanumeric() {
            words.extend(c.to_lowercase());
        } else if !words.ends_with('_') {
            words.push('_');
        }
    }
    if !words.ends_with('_') {
        words.push('_');
    }
    words
}

/// The subject of a column by its name.
pub(super) fn subject_of(table: &str, column: &str, family: Family) -> Option<&'static str> {
    let own = words(column);
    if family == Text && own == "_name_" && words(table).split('_').any(|word| PEOPLE.contains(&word)) {
        return Some("name of a person");
    }
    let has = |name: &&str| own.contains(&format!("_{name}_"));
    let fits = |(names, _, families): &&NamePattern| families.contains(&family) && names.iter().any(has);
    NAMES.iter().find(fits).map(|pattern| pattern.1)
}

/// A look of values.
#[derive(Clone, Copy, Debug)]
pub(super) struct ValuePattern {
    pub(super) what: &'static str,
    /// In PostgreSQL's dialect, matched anywhere in a value.
    pub(super) regex: &'static str,
    /// One value of so many is enough.
    pub(super) one_in: u64,
}

/// E-mail addresses, except at domains that are reserved for examples.
const EMAIL: &str = r"[[:alnum:]._%+-]+@(?!([[:alnum:]-]+\.)*(example\.(com|org|net|edu)|example|test|invalid|localhost)\M)[[:alnum:]-]+(\.[[:alnum:]-]+)*\.[[:alpha:]]{2,}";
const IBAN: &str = r"\m[A-Z]{2}[0-9]{2}( ?[A-Z0-9]{4}){3,7}( ?[A-Z0-9]{1,4})?\M";
const CARD: &str = r"\m[3-6][0-9]{3}([ -]?[0-9]{4}){3}\M|\m3[47][0-9]{2}[ -]?[0-9]{6}[ -]?[0-9]{5}\M";
const PHONE: &str = r"^\s*(\+|00)[1-9][0-9 ()/.-]{7,20}$|^\s*\(?[2-9][0-9]{2}\)?[ .-][0-9]{3}[ .-][0-9]{4}$";
const SSN: &str = r"^\s*[0-9]{3}-[0-9]{2}-[0-9]{4}\s*$";
const SECRET: &str =
    r"-----BEGIN [A-Z ]*PRIVATE KEY|^\$(2[aby]|argon2[id]+|6)\$|^SCRAM-SHA-256\$|^eyJ[[:alnum:]_-]+\.eyJ";

/// Values of columns.
pub(super) const VALUES: [ValuePattern; 6] = [
    ValuePattern { what: "e-mail address", regex: EMAIL, one_in: u64::MAX },
    ValuePattern { what: "IBAN", regex: IBAN, one_in: 20 },
    ValuePattern { what: "number of a payment card", regex: CARD, one_in: 20 },
    ValuePattern { what: "phone number", regex: PHONE, one_in: 10 },
    ValuePattern { what: "social security number", regex: SSN, one_in: 10 },
    ValuePattern { what: "secret", regex: SECRET, one_in: u64::MAX },
];

/// Texts of definitions: defaults, comments, functions and the like.
pub(super) const DEFINITIONS: [ValuePattern; 1] =
    [ValuePattern { what: "e-mail address", regex: EMAIL, one_in: u64::MAX }];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_a_name_are_told_apart() {
        assert_eq!(words("billingEmail2"), "_billing_email2_");
        assert_eq!(words("E-Mail"), "_e_mail_");
        assert_eq!(words("__x"), "_x_");
    }

    #[test]
    fn names_look_personal_by_whole_words() {
        let subject = |column| subject_of("orders", column, Text);
        assert_eq!(subject("billing_email"), Some("e-mail address"));
        assert_eq!(subject("customerPhone"), Some("phone number"));
        assert_eq!(subject("shipping_address"), Some("postal address"));
        for plain in ["emailed", "description", "name", "zipped", "title", "tokens_used"] {
            assert_eq!(subject(plain), None, "{plain}");
        }
        assert_eq!(subject_of("app_users", "name", Text), Some("name of a person"));
        assert_eq!(subject_of("products", "name", Text), None);
        assert_eq!(subject_of("t", "email_confirmed", Other), None);
        assert_eq!(subject_of("t", "birthday", Date), Some("date of birth"));
        assert_eq!(subject_of("t", "email_sent_at", Date), None);
    }
}
