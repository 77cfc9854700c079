//! What brought an error about, in words for the log and the terminal.

/// An error and its causes, outermost first. What only repeats the end of what was said is left out: the errors of sqlx
/// quote their source.
pub fn write_causes_without_repetition(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let said = cause.to_string();
        if !text.contains(&said) {
            text = format!("{text}: {said}");
        }
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::DomainError;

    #[test]
    fn should_say_each_cause_once() {
        let refused = std::io::Error::new(std::io::ErrorKind::ConnectionRefused, "refused");
        let error = DomainError::Unavailable(Box::new(sqlx::Error::Io(refused)));
        assert_eq!(write_causes_without_repetition(&error).matches("refused").count(), 1);
    }
}
