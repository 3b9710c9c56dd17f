{# Whether any row says so, or all do: an aggregate, or a window's. What is null says nothing. #}
{% macro any_of(condition) -%}
    {{ return(adapter.dispatch('any_of', 'cdn_certs')(condition)) }}
{%- endmacro %}

{% macro all_of(condition) -%}
    {{ return(adapter.dispatch('all_of', 'cdn_certs')(condition)) }}
{%- endmacro %}

{% macro default__any_of(condition) %}bool_or({{ condition }}){% endmacro %}
{% macro default__all_of(condition) %}bool_and({{ condition }}){% endmacro %}

{% macro bigquery__any_of(condition) %}logical_or({{ condition }}){% endmacro %}
{% macro bigquery__all_of(condition) %}logical_and({{ condition }}){% endmacro %}

{% macro snowflake__any_of(condition) %}boolor_agg({{ condition }}){% endmacro %}
{% macro snowflake__all_of(condition) %}booland_agg({{ condition }}){% endmacro %}
