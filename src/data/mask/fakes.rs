//! Names to choose from. Those of e-mail addresses and limits of columns are derived from them.

pub(super) const FIRST: [&str; 64] = [
    "Ada", "Alan", "Alice", "Amir", "Ana", "Anton", "Aya", "Ben", "Bruno", "Carla", "Chen", "Clara",
    "Daniel", "Dora", "Elena", "Emil", "Emma", "Eva", "Felix", "Finn", "Frida", "Grace", "Hana", "Hugo",
    "Ida", "Igor", "Ines", "Ivan", "Jana", "Jonas", "Julia", "Kai", "Kofi", "Lara", "Leo", "Lina", "Lucas",
    "Maja", "Marco", "Maria", "Mateo", "Mia", "Mina", "Nadia", "Nils", "Nina", "Noah", "Olga", "Omar",
    "Oscar", "Paula", "Pedro", "Petra", "Rania", "Rosa", "Sam", "Sara", "Sofia", "Tariq", "Tina", "Tom",
    "Vera", "Yara", "Zoe",
];

pub(super) const LAST: [&str; 64] = [
    "Adams", "Allen", "Baker", "Becker", "Bell", "Berg", "Brown", "Clark", "Cook", "Costa", "Cruz", "Diaz",
    "Dunn", "Evans", "Fischer", "Ford", "Fox", "Garcia", "Gray", "Green", "Hall", "Hansen", "Hill", "Horvat",
    "Ito", "Jansen", "Keller", "Khan", "Kim", "King", "Klein", "Kovac", "Lane", "Larsen", "Lee", "Lopez",
    "Marino", "Martin", "Mehta", "Meyer", "Mills", "Moore", "Mori", "Nagy", "Novak", "Okafor", "Olsen",
    "Park", "Patel", "Perez", "Reed", "Rossi", "Santos", "Sato", "Schmid", "Silva", "Singh", "Smith",
    "Stone", "Suzuki", "Vogel", "Wang", "Weber", "Wood",
];

/// The length of the longest name of a list.
pub(super) fn longest(names: &[&str]) -> usize {
    names.iter().map(|name| name.len()).max().unwrap_or_default()
}

/// An array of names as an SQL expression.
pub(super) fn array(names: &[&str]) -> String {
    format!("('{{{}}}'::text[])", names.join(","))
}
