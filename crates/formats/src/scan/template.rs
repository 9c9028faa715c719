//! Templates of conversations: programs in Jinja, which libraries execute in a sandbox, or without one.

/// What no template of conversations needs: ways from a value to its class and from there to everything.
const ESCAPES: &[&str] = &[
    "__class__",
    "__mro__",
    "__bases__",
    "__base__",
    "__subclasses__",
    "__globals__",
    "__builtins__",
    "__import__",
    "__init__",
    "__code__",
    "__getattribute__",
    "__dict__",
    "|attr(",
    "| attr(",
    "lipsum",
    "cycler.__",
    "joiner.__",
    "namespace.__",
    "self.__",
    "request.application",
    "config.from_",
    ".popen(",
    "os.system",
    "import os",
    "subprocess",
    "\\x5f\\x5f",
    "gi_frame",
    "f_globals",
    "mro()",
    "func_globals",
];

/// What in a template leads out of it.
pub(super) fn suspicion(text: &str) -> Option<&'static str> {
    let tags = ["{%", "{{"];
    if !tags.iter().any(|tag| text.contains(tag)) {
        return None;
    }
    ESCAPES.iter().copied().find(|escape| text.contains(escape))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn real_templates_pass_and_escapes_do_not() {
        let chat = "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\n' + message['content']}}\
                    {% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}";
        assert_eq!(suspicion(chat), None);
        assert_eq!(suspicion("{{ ''.__class__.__mro__[1] }}"), Some("__class__"));
        assert_eq!(suspicion("{{ x|attr('y') }}"), Some("|attr("));
        assert_eq!(suspicion("notes about __class__"), None);
    }
}
