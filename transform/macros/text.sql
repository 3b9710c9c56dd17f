{# An expression as text: for a timestamp there is `timestamp_text`. #}
{% macro text(expression) -%}
    cast({{ expression }} as {{ dbt.type_string() }})
{%- endmacro %}

{# Whether the whole of a text is as a pattern says, which may have no backslash: warehouses read them in strings, each in its own way. #}
{% macro matches(expression, pattern) -%}
    {{ return(adapter.dispatch('matches', 'cdn_certs')(expression, pattern)) }}
{%- endmacro %}

{% macro default__matches(expression, pattern) %}{{ expression }} ~ '^({{ pattern }})$'{% endmacro %}
{% macro bigquery__matches(expression, pattern) %}regexp_contains({{ expression }}, '^({{ pattern }})$'){% endmacro %}
{% macro snowflake__matches(expression, pattern) %}regexp_like({{ expression }}, '{{ pattern }}'){% endmacro %}

{# Nothing may follow: a `$` of Java would take a newline. #}
{% macro spark__matches(expression, pattern) %}{{ expression }} rlike '^({{ pattern }})(?!.|[^.])'{% endmacro %}

{# A text without all that is as a pattern says, which may have no backslash. #}
{% macro without(expression, pattern) -%}
    {{ return(adapter.dispatch('without', 'cdn_certs')(expression, pattern)) }}
{%- endmacro %}

{% macro default__without(expression, pattern) %}regexp_replace({{ expression }}, '{{ pattern }}', '', 'g'){% endmacro %}
{% macro bigquery__without(expression, pattern) %}regexp_replace({{ expression }}, '{{ pattern }}', ''){% endmacro %}
{% macro snowflake__without(expression, pattern) %}regexp_replace({{ expression }}, '{{ pattern }}', ''){% endmacro %}
{% macro spark__without(expression, pattern) %}regexp_replace({{ expression }}, '{{ pattern }}', ''){% endmacro %}

{# A text without the character that it begins, or ends, with. #}
{% macro without_leading(expression, character) -%}
    {{ return(adapter.dispatch('without_leading', 'cdn_certs')(expression, character)) }}
{%- endmacro %}

{% macro without_trailing(expression, character) -%}
    {{ return(adapter.dispatch('without_trailing', 'cdn_certs')(expression, character)) }}
{%- endmacro %}

{% macro default__without_leading(expression, character) %}ltrim({{ expression }}, '{{ character }}'){% endmacro %}
{% macro default__without_trailing(expression, character) %}rtrim({{ expression }}, '{{ character }}'){% endmacro %}

{# An emulator of it trims spaces alone. #}
{% macro snowflake__without_leading(expression, character) %}{{ cdn_certs.without(expression, '^[' ~ character ~ ']+') }}{% endmacro %}
{% macro snowflake__without_trailing(expression, character) %}{{ cdn_certs.without(expression, '[' ~ character ~ ']+$') }}{% endmacro %}

{% macro spark__without_leading(expression, character) %}trim(leading '{{ character }}' from {{ expression }}){% endmacro %}
{% macro spark__without_trailing(expression, character) %}trim(trailing '{{ character }}' from {{ expression }}){% endmacro %}

{# The name of a column, where some warehouse has reserved the word. #}
{% macro reserved(name) -%}
    {{ return(adapter.dispatch('reserved', 'cdn_certs')(name)) }}
{%- endmacro %}

{% macro default__reserved(name) %}{{ adapter.quote(name) if name == 'from' else name }}{% endmacro %}
{% macro bigquery__reserved(name) %}{{ adapter.quote(name) }}{% endmacro %}
