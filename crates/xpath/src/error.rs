//! Why an expression cannot be parsed or evaluated.

/// Why a text is not an expression.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind} at {offset}")]
pub struct ParseError {
    /// The byte in the text where it went wrong.
    pub offset: usize,
    /// What is wrong there.
    pub kind: ParseErrorKind,
}

/// What is wrong with a text that is not an expression.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseErrorKind {
    /// The text ends too early.
    #[error("the expression ends too early")]
    End,
    /// A sign or word that cannot stand there.
    #[error("unexpected `{0}`")]
    Unexpected(String),
    /// A text in quotes that does not end.
    #[error("a quotation mark is missing")]
    OpenQuote,
    /// A word before `::` that is no axis.
    #[error("`{0}` is not an axis")]
    UnknownAxis(String),
    /// Parentheses or brackets are nested too deeply.
    #[error("nested too deeply")]
    TooDeep,
    /// The text is too long.
    #[error("too long")]
    TooLong,
}

/// Why an expression has no value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EvalError {
    /// The function is not known.
    #[error("there is no function `{0}`")]
    UnknownFunction(String),
    /// The function takes another number of arguments.
    #[error("`{function}` does not take {given} arguments")]
    Arity {
        /// The function.
        function: &'static str,
        /// How many arguments the expression gives.
        given: usize,
    },
    /// An argument is not what the function can work on.
    #[error("`{function}` cannot work on {given}")]
    Argument {
        /// The function.
        function: &'static str,
        /// What it was given.
        given: String,
    },
    /// A node-set is needed, for a path, a union or an argument.
    #[error("{0} needs nodes")]
    NotNodes(&'static str),
    /// No such variable.
    #[error("there is no variable `{0}`")]
    UnknownVariable(String),
    /// The prefix is bound to no namespace.
    #[error("the prefix `{0}` is not bound")]
    UnknownPrefix(String),
    /// No such secondary instance.
    #[error("there is no instance `{0}`")]
    UnknownInstance(String),
    /// The evaluation took more work than its budget.
    #[error("the evaluation takes too long")]
    OutOfBudget,
    /// A text grew beyond what an answer can hold.
    #[error("the text grows too long")]
    TooLarge,
}
