{# Where this project's relations go: into the variable `schema` or, without it, where dbt puts them. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ var('schema', none) or default__generate_schema_name(custom_schema_name, node) }}
{%- endmacro %}
