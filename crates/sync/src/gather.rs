//! Filling maps and sets.

/// Puts items into a map or a set one after the other. `collect` sorts them first, and each type's own sort is 5 KB that
/// a phone has to fetch.
pub fn gather<T, C: Default + Extend<T>>(items: impl IntoIterator<Item = T>) -> C {
    let mut gathered = C::default();
    gathered.extend(items);
    gathered
}
