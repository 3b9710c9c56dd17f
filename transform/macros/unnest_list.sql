{# A join that yields a row for each item of a list: `element.value`, as text. Of lists of objects, the named field. #}
{% macro unnest_list(column, field=none) -%}
    {{ return(adapter.dispatch('unnest_list', 'cdn_certs')(column, field)) }}
{%- endmacro %}

{% macro postgres__unnest_list(column, field) -%}
    cross join lateral (
        select item {% if field %}->> '{{ field }}'{% else %}#>> '{}'{% endif %} as value
        from jsonb_array_elements(case when jsonb_typeof({{ column }}) = 'array' then {{ column }} end) as items (item)
    ) as element
{%- endmacro %}

{% macro duckdb__unnest_list(column, field) -%}
    cross join lateral (
        select item ->> '{{ field or '$' }}' as value
        from (select unnest(from_json({{ column }}, '["json"]')) as item) as items
    ) as element
{%- endmacro %}
